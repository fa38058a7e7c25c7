from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from engine.app.system import paper_settings, read_routes
from engine.cli.main import app
from engine.cli.paper import paper
from engine.config import read_config
from engine.errors import InvalidInputError
from tests.cli.program import ROOT
from tests.paper.messages import futures

CONFIG = f"""\
mode: paper
state: paper.db
exchange: {{id: sample}}
connectors: {{main: {{url: "http://127.0.0.1/x", name: btc-perp, token: canary-77e1-paper-token}}}}
routes: [{{strategy: {ROOT}/strategies/ema_cross.yaml, symbol: "BTC/USDT:USDT", connector: main}}]
paper: {{port: 0, ledger: ledger.db}}
"""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fault": "nevr"}, r"--fault: there is no fault 'nevr'; did you mean 'never'\?"),
        ({"fault": "slow"}, "--fault: there is no fault 'slow'; there are late, never, twice, 500, html"),
        ({"fault": "late", "seconds": -1}, "--seconds: Input should be greater than or equal to 0"),
        ({"fault": "twice", "after_the_fact": True}, "'twice' takes the message anyway"),
        ({"times": 3}, "--after-the-fact, --seconds and --times say more of a fault; name one by --fault"),
    ],
)
def test_a_fault_that_does_not_exist_is_told(options: dict[str, Any], told: str) -> None:
    """What cannot be meant is one line, before anything is opened."""
    with pytest.raises(InvalidInputError, match=told):
        paper(Path("no config"), **options)


def test_a_config_has_the_platform_drilled(tmp_path: Path) -> None:
    """`paper: {drill: true}` and its API token reach the platform that `run` starts."""
    more = "{port: 0, drill: true, api_token: canary-1f4e-api-token, host: 0.0.0.0,"
    (tmp_path / "paper.yaml").write_text(CONFIG.replace("{port: 0,", more))
    config = read_config(tmp_path / "paper.yaml", {})
    settings = paper_settings(config, read_routes(config))
    assert (settings.drill, settings.host) == (True, "0.0.0.0")  # noqa: S104 - with a token
    assert settings.api_token is not None
    ran = CliRunner().invoke(app, ["check", str(tmp_path / "paper.yaml")])
    assert "on 0.0.0.0, reached by others, port 0" in " ".join(ran.output.split())
    assert "misbehave at /api/drill" in " ".join(ran.output.split())


def test_the_platform_alone_begins_with_a_fault(tmp_path: Path) -> None:
    """`paper --fault 500 --times 1`: it says so, does so once, and can be switched on while it runs."""
    (tmp_path / "paper.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "engine", "paper", "--config", str(tmp_path / "paper.yaml")]
    with subprocess.Popen([*command, "--fault", "500", "--times", "1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().split()[2].rstrip(";")
            assert process.stdout.readline() == "drill: 500: the next message\n"
            webhook = f"{url}/trading-signal/webhook"
            answers = [requests.post(webhook, json=futures(percent="1"), timeout=10) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [500, 200]
            assert requests.put(f"{url}/api/drill", json={"fault": "html"}, timeout=10).status_code == 200
            assert "Back soon" in requests.post(webhook, json=futures(percent="1"), timeout=10).text
            assert len(requests.get(f"{url}/api/messages", timeout=10).json()["messages"]) == 1
        finally:
            process.terminate()
        assert process.wait(10) == 0
