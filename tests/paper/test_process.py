from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from engine.errors import InvalidInputError, RefusedError, SignalEngineError, StoreError
from engine.paper.app import PATH
from engine.paper.ledger import Ledger
from engine.paper.process import PaperProcess
from engine.paper.server import serve
from engine.paper.settings import VARIABLE, PaperSettings, take_settings
from tests.paper.messages import CONNECTORS, OTHER_TOKEN, TOKEN, futures

API_TOKEN = "canary-1f4e-api-token"  # noqa: S105 - a canary


def settings(folder: Path, **fields: object) -> PaperSettings:
    return PaperSettings.model_validate({"connectors": CONNECTORS, "ledger": folder / "ledger.sqlite", **fields})


def gone(pid: int, within_s: float = 8.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # dead, and not yet reaped by whoever inherited it
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_the_other_process_takes_messages(tmp_path: Path) -> None:
    """Within the block the platform answers at its url; after it the process is gone and the ledger has the message."""
    with PaperProcess(settings(tmp_path)) as platform:
        pid = platform.pid
        assert pid is not None
        assert requests.post(platform.url + PATH, json=futures(percent="1"), timeout=10).text == "ok"
        assert TOKEN not in Path(f"/proc/{pid}/cmdline").read_text()
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert gone(pid, 0.1)
    ledger = Ledger(tmp_path / "ledger.sqlite", CONNECTORS)
    assert [entry.action for entry in ledger.after(0)] == ["openLong"]
    ledger.close()
    platform.stop()  # a second time is nothing


@pytest.mark.parametrize(("sign", "body"), [(signal.SIGTERM, "{"), (signal.SIGINT, "{}")])
def test_a_signal_stops_it_in_order(tmp_path: Path, sign: signal.Signals, body: str) -> None:
    """SIGTERM and SIGINT end it within 5 s with exit code 0, even while a request is only half sent."""
    environment = {**os.environ, VARIABLE: settings(tmp_path).secret_json()}
    command = [sys.executable, "-m", "engine.paper"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("listening on ").strip()
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as half:
            half.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{body}".encode())
            assert requests.get(f"{url}/health", timeout=10).status_code == 200
            started = time.monotonic()
            process.send_signal(sign)
            out, err = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == 0
    assert "Traceback" not in out + err
    assert TOKEN not in out + err


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed with -9 leaves no orphan behind."""
    code = (
        "import os, pathlib, sys, time\n"
        "from tests.paper.test_process import PaperProcess, settings\n"
        "platform = PaperProcess(settings(pathlib.Path(sys.argv[1])))\n"
        "platform.start()\n"
        "print(platform.pid, platform.url, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid, url = parent.stdout.readline().split()
        assert requests.get(f"{url}/health", timeout=10).status_code == 200
        parent.kill()
    assert gone(int(pid))


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    """Where another server has the port, the error says so, in the process and outside, and no process is left."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InvalidInputError, match=f"port {port}: Address already in use"):
            serve(settings(tmp_path, port=port))
        platform = PaperProcess(settings(tmp_path, port=port))
        with pytest.raises(
            SignalEngineError, match=f"did not start: cannot listen on 127.0.0.1 port {port}: Addr"
        ) as why:
            platform.start()
    assert platform.pid is None
    assert "Traceback" not in str(why.value)


def test_a_ledger_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    """A foreign file in the ledger's place stops the start with its path."""
    (tmp_path / "ledger.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match=r"ledger\.sqlite"):
        serve(settings(tmp_path))


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """Past the deadline the error says so, and the process is gone."""
    platform = PaperProcess(settings(tmp_path), ready_within_s=0.01)
    with pytest.raises(SignalEngineError, match=r"not ready within 0\.01 s"):
        platform.start()
    assert platform.pid is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "example.com", "::", ""])  # noqa: S104 - to be refused
def test_others_are_not_served_without_an_api_token(tmp_path: Path, host: str) -> None:
    """Any host but loopback is refused before anything is opened."""
    with pytest.raises(RefusedError, match=f"'{host}' can be reached by others.*api_token"):
        serve(settings(tmp_path, host=host))
    assert not list(tmp_path.iterdir())


def test_others_are_served_with_an_api_token(tmp_path: Path) -> None:
    """Bound to all addresses it is reached by another than 127.0.0.1, and its API asks for the token."""
    with PaperProcess(settings(tmp_path, host="0.0.0.0", api_token=API_TOKEN)) as platform:  # noqa: S104 - with a token
        assert platform.url.startswith("http://127.0.0.1:")
        url = platform.url.replace("127.0.0.1", "127.0.0.2")
        assert requests.post(url + PATH, json=futures(percent="1"), timeout=10).text == "ok"
        assert requests.get(f"{url}/api/balances", timeout=10).status_code == 401
        bearer = {"Authorization": f"Bearer {API_TOKEN}"}
        assert len(requests.get(f"{url}/api/messages", headers=bearer, timeout=10).json()["messages"]) == 1
        assert API_TOKEN not in Path(f"/proc/{platform.pid}/cmdline").read_text()


def test_settings_travel_by_the_environment_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings arrive whole, and reading them removes them from the environment."""
    sent = settings(tmp_path, port=8080, api_token=API_TOKEN, fault={"fault": "late", "seconds": 3})
    monkeypatch.setenv(VARIABLE, sent.secret_json())
    assert take_settings() == sent
    assert VARIABLE not in os.environ
    with pytest.raises(InvalidInputError, match="is not set"):
        take_settings()


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        "{}",
        f'{{"connectors": {{"a": {{"token": "{TOKEN}", "market": "bonds"}}}}, "ledger": "x"}}',
        f'{{"connectors": {{"a": {{"tokn": "{TOKEN}", "market": "spot"}}}}, "ledger": "x"}}',
        f'{{"connectors": {{"a": "{TOKEN}"}}, "ledger": "x", "port": 70000}}',
    ],
)
def test_settings_that_are_wrong_show_no_token(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what is wrong without any value."""
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(InvalidInputError, match=VARIABLE) as refused:
        take_settings()
    assert TOKEN not in str(refused.value)


def test_settings_show_no_token(tmp_path: Path) -> None:
    """repr, str and the JSON dump mask the tokens; only secret_json has them."""
    made = settings(tmp_path, api_token=API_TOKEN)
    for text in (repr(made), str(made), made.model_dump_json()):
        assert TOKEN not in text
        assert OTHER_TOKEN not in text
        assert API_TOKEN not in text
    assert TOKEN in made.secret_json()
    assert API_TOKEN in made.secret_json()
