"""The operator's commands as a user runs them: beside nothing, and beside a process that holds the state."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.clocks import SystemClock
from engine.adapters.http_sender import HttpSender
from engine.adapters.sql_store import SqlStore
from engine.config import Connector
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.live import DeliveryLoop
from engine.ports import RouteRecord
from tests.cli.program import ROOT, signal_engine
from tests.servers.receiver import Receiver, hang_up

ROUTE = "ema-cross BTC/USDT:USDT 1h"
TOKEN = "canary-0c11"  # noqa: S105 - a canary


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Path:
    """A config whose state holds an UNKNOWN opening and an acknowledged close."""
    connector = {"url": receiver.url, "name": "my bot", "token": TOKEN}
    strategy = str(ROOT / "strategies" / "ema_cross.yaml")
    document = {
        "mode": "paper",
        "state": "state.db",
        "exchange": {"id": "sample"},
        "connectors": {"main": connector},
        "routes": [{"strategy": strategy, "symbol": "BTC/USDT:USDT", "connector": "main"}],
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(document))
    store = SqlStore(tmp_path / "state.db")
    rows = [
        Row(0, ROUTE, "main", Intent.OPEN, RowState.PENDING, "a", '{"action":"openLong"}', 0, deadline_ms=9),
        Row(0, ROUTE, "main", Intent.CLOSE, RowState.PENDING, "b", '{"action":"closeLong"}', 1),
    ]
    store.commit_bar(RouteRecord("r", 1, "{}", "x"), rows)
    for row, state in zip(store.rows(), (RowState.UNKNOWN, RowState.ACKNOWLEDGED), strict=True):
        sending = store.begin_attempt(row, 1)
        assert sending is not None
        store.end_attempt(sending, Step(state, maybe_arrived=True), Exchange(Phase.MAYBE_SENT, "timed out"), 2)
    store.close()
    return path


@pytest.fixture
def engine(config: Path, receiver: Receiver) -> Iterator[DeliveryLoop]:
    """A process that holds the state and delivers, as `run` does; here it is this one."""
    store = SqlStore(config.parent / "state.db")
    connector = Connector.model_validate({"url": receiver.url, "name": "my bot", "token": TOKEN})
    loop = DeliveryLoop(store, {"main": HttpSender(connector)}, {}, SystemClock())
    loop.start()
    yield loop
    assert loop.failure is None
    loop.stop()
    store.close()


def _say(*arguments: str | Path, config: Path) -> subprocess.CompletedProcess[str]:
    ran = signal_engine(*arguments, "--config", config)
    assert TOKEN not in ran.stdout + ran.stderr
    return ran


def _table(config: Path, name: str) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{config.parent / 'state.db'}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608 - our own names
    connection.close()
    return found


def test_the_list_shows_each_message_and_what_is_doubtful(config: Path) -> None:
    """Number, state, action and reason of every message; no token; the same as JSON."""
    ran = _say("outbox", "list", config=config)
    assert ran.returncode == 0, ran.stderr
    first, second = ran.stdout.splitlines()
    assert "UNKNOWN" in first
    assert "openLong" in first
    assert "timed out" in first
    assert "ACKNOWLEDGED" in second
    document = json.loads(_say("outbox", "list", "--json", config=config).stdout)
    assert [message["state"] for message in document["messages"]] == ["UNKNOWN", "ACKNOWLEDGED"]


def test_show_tells_all_that_is_known_of_a_doubt(config: Path) -> None:
    """Intent, route, candle, message, each attempt with its phase, and what waits because of it."""
    store = SqlStore(config.parent / "state.db")
    waiting = Row(0, ROUTE, "main", Intent.OPEN, RowState.PENDING, "w", '{"action":"openShort"}', 0, 10**14)
    store.commit_bar(RouteRecord("r", 2, "{}", "x"), [waiting])
    store.close()
    ran = _say("outbox", "show", "1", config=config)
    assert ran.returncode == 0, ran.stderr
    for told in (ROUTE, "1970-01-01 00:00", "maybe sent: timed out", 'holds back 3: {"action":"openShort"}'):
        assert told in ran.stdout
    assert json.loads(_say("outbox", "show", "1", "--json", config=config).stdout)["held"][0]["seq"] == 3
    assert "no message 7" in _say("outbox", "show", "7", config=config).stderr


@pytest.mark.parametrize(
    ("word", "state", "beside"), [("arrived", "ACKNOWLEDGED", True), ("not-arrived", "REJECTED", False)]
)
def test_the_operators_word_settles_a_doubtful_message(
    config: Path, word: str, state: str, beside: bool, request: pytest.FixtureRequest
) -> None:
    """With an engine and without, it is settled as he says, with time and reason; a second word is refused."""
    if beside:
        request.getfixturevalue("engine")
    ran = _say("outbox", word, "1", "--reason", "I looked", config=config)
    assert ran.returncode == 0, ran.stderr
    assert state in ran.stdout
    (resolution,) = _table(config, "resolutions")
    assert (resolution["state"], resolution["seq"]) == (state, 1)
    assert resolution["reason"].endswith(": I looked")
    assert abs(resolution["at_ms"] - SystemClock().now_ms()) < 60_000
    again = _say("outbox", word, "1", config=config)
    assert again.returncode == 1
    assert f"message 1 is {state}, not UNKNOWN" in again.stderr


def test_what_a_killed_engine_left_in_flight_can_be_settled_at_once(config: Path) -> None:
    """A message that was SENDING when the engine ended is in doubt, also before the engine is started again."""
    store = SqlStore(config.parent / "state.db")
    row = Row(0, ROUTE, "main", Intent.OPEN, RowState.PENDING, "c", '{"action":"openLong"}', 0)
    store.commit_bar(RouteRecord("r", 2, "{}", "x"), [row])
    store.begin_attempt(store.rows()[-1], 5)
    store.close()
    ran = _say("outbox", "not-arrived", "3", config=config)
    assert ran.returncode == 0, ran.stderr
    assert "REJECTED" in ran.stdout


@pytest.mark.parametrize("beside", [False, True])
def test_resend_and_flatten_deliver(
    config: Path, receiver: Receiver, beside: bool, request: pytest.FixtureRequest
) -> None:
    """With an engine and without: closes of both sides after a cancelAll; an opening in doubt cannot be sent after."""
    if beside:
        request.getfixturevalue("engine")
    ran = _say("flatten", "--reason", "holiday", config=config)
    assert ran.returncode == 0, ran.stderr
    assert [r.json()["action"] for r in receiver.received] == ["cancelAll", "closeLong", "closeShort"]
    assert {r.json()["connectorToken"] for r in receiver.received} == {TOKEN}
    assert [row["by_hand"] for row in _table(config, "outbox")] == [0, 0, 1, 1, 1]
    late = _say("outbox", "resend", "1", config=config)
    assert late.returncode == 1
    assert "was sent after 1; send a new message instead" in late.stderr
    assert _say("cancel-all", "--connector", "my bot", config=config).returncode == 0
    assert receiver.received[-1].json()["action"] == "cancelAll"


@pytest.mark.parametrize("beside", [True])
def test_a_message_by_hand_goes_through_the_outbox(
    config: Path, receiver: Receiver, beside: bool, request: pytest.FixtureRequest
) -> None:
    """It is validated, gets an id, waits its turn, and arrives once; the same id is refused a second time."""
    if beside:
        request.getfixturevalue("engine")
    close = ("message", "closeLong", "--percent", "50", "--client-order-id", "mine", "--connector", "main", "--send")
    ran = _say(*close, config=config)
    assert ran.returncode == 0, ran.stderr
    assert receiver.received[0].json() | {"connectorToken": ""} == {
        "connectorName": "my bot",
        "connectorToken": "",
        "action": "closeLong",
        "percent": "50",
        "clientOrderId": "mine",
    }
    assert _table(config, "outbox")[-1]["intent"] == "partial close"
    again = _say(*close, config=config)
    assert again.returncode == 1
    assert "id mine is message 3 already (ACKNOWLEDGED)" in again.stderr
    assert len(receiver.received) == 1


def test_an_opening_by_hand_waits_behind_a_doubt(config: Path, engine: DeliveryLoop, receiver: Receiver) -> None:
    """While an opening of the route is in doubt another is held, by hand or not; told with code 1."""
    ran = _say("message", "openLong", "--percent", "5", "--connector", "main", "--send", config=config)
    assert ran.returncode == 1
    assert "not everything is delivered" in ran.stdout
    assert receiver.received == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("message", "openLong", "--connector", "main", "--send"), 1, "percent"),
        (
            ("message", "buy", "--percent", "5", "--connector", "main", "--send"),
            1,
            "does not exist on a futures market",
        ),
        (
            ("message", "closeLong", "--connector", "mian", "--send"),
            1,
            "no route has a connector 'mian'; there is main",
        ),
        (("outbox", "arrived", "2"), 1, "is ACKNOWLEDGED, not UNKNOWN"),
        (("outbox", "resend", "9"), 1, "there is no message 9"),
        (("flatten", "--connector", "x"), 1, "there is main"),
    ],
)
def test_what_cannot_be_is_told(
    config: Path, receiver: Receiver, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """A clear word and its exit code, and nothing is sent."""
    ran = _say(*arguments, config=config)
    assert ran.returncode == code
    assert said in ran.stderr
    assert receiver.received == []


def test_a_live_config_needs_the_confirmation(config: Path) -> None:
    """An order by hand trades real money, too."""
    live = json.loads(config.read_text()) | {"mode": "live", "exchange": {"id": "binanceusdm"}}
    config.write_text(json.dumps(live))
    ran = _say("message", "closeLong", "--connector", "main", "--send", config=config)
    assert ran.returncode == 3
    assert "--confirm-live" in ran.stderr


def test_a_message_in_doubt_ends_the_command_with_1(config: Path, receiver: Receiver) -> None:
    """What was sent and not answered is shown as UNKNOWN."""
    receiver.script.append(hang_up)
    ran = _say("message", "closeLong", "--fixed", "1", "--connector", "main", "--send", config=config)
    assert ran.returncode == 1
    assert "UNKNOWN" in ran.stdout


def test_a_backup_is_taken_beside_the_engine(config: Path, engine: DeliveryLoop) -> None:
    """The copy is a whole state; a file that is there is never written over."""
    target = config.parent / "copy.db"
    ran = _say("backup", target, config=config)
    assert ran.returncode == 0, ran.stderr
    copy = SqlStore(target)
    assert len(copy.rows()) == 2
    copy.close()
    assert _say("backup", target, config=config).returncode == 3


_HOLDER = """
import sys, time
from engine.adapters.sql_store import SqlStore
store = SqlStore(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_an_engine_that_does_not_look_is_told(config: Path) -> None:
    """A process that holds the state without carrying anything out: refused with code 3, and nothing was done."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, config.parent / "state.db"], stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        ran = _say("outbox", "arrived", "1", config=config)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()  # type: ignore[union-attr] # asserted above
    assert ran.returncode == 3
    assert "nothing was done yet" in ran.stderr
    assert _table(config, "outbox")[0]["state"] == "UNKNOWN"


def test_entries_are_stopped_and_allowed_while_no_engine_runs(config: Path) -> None:
    """The word is kept in the state for the next start; a stop file is told when entries are allowed."""
    stopped = _say("stop-entries", "--reason", "news", config=config)
    assert stopped.returncode == 0, stopped.stderr
    assert "entries are stopped in the state, for the next start" in stopped.stdout
    store = SqlStore(config.parent / "state.db")
    command = store.entries_stopped()
    assert command is not None
    assert command.reason == "news"
    store.close()
    (config.parent / "state.db.stop").touch()
    allowed = _say("allow-entries", config=config)
    assert allowed.returncode == 1
    assert "state.db.stop is there, which stops them; remove it" in allowed.stdout
    store = SqlStore(config.parent / "state.db")
    assert store.entries_stopped() is None
    store.close()


def test_entries_are_stopped_in_the_running_engine(config: Path, engine: DeliveryLoop) -> None:
    """Beside a process that holds the state, it is that one that is told."""
    stopped = _say("stop-entries", config=config)
    assert stopped.returncode == 0, stopped.stderr
    assert "entries are stopped in the running engine" in stopped.stdout


def test_entries_can_be_stopped_before_the_first_start(config: Path) -> None:
    """Where there is no state yet, the word makes one: the first start begins stopped."""
    for path in config.parent.glob("state.db*"):
        path.unlink()
    assert _say("stop-entries", config=config).returncode == 0
    store = SqlStore(config.parent / "state.db")
    assert store.entries_stopped() is not None
    store.close()
