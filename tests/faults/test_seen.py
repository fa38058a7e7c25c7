"""A real engine in a real process, watched from outside: stopped by a signal, audited, and its token looked for."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.adapters.clocks import SystemClock
from engine.app.audit import Cause, audit
from engine.config import read_config
from tests.faults.rig import TOKEN, Rig, seesaw, wait_for
from tests.servers.exchange import ExchangeServer


@pytest.fixture
def exchange() -> Iterator[ExchangeServer]:
    with ExchangeServer(seesaw) as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path, exchange: ExchangeServer) -> Iterator[Rig]:
    made = Rig(tmp_path, exchange.url)
    config = json.loads(made.config.read_text())
    made.config.write_text(json.dumps(config | {"log": "engine.log"}))
    yield made
    made.end()


def told(rig: Rig) -> list[str]:
    """The files in which the token stands, besides the config that holds it."""
    files = [path for path in rig.folder.rglob("*") if path.is_file() and path != rig.config]
    assert {"state.db", "ledger.db", "engine.log", "log.txt"} <= {path.name for path in files}
    return [path.name for path in files if TOKEN.encode() in path.read_bytes()]


def test_a_signal_stops_entries_the_audit_agrees_and_no_token_is_anywhere(rig: Rig) -> None:
    """SIGUSR1: entries are refused by name, closes go on. What ran is what the backtest decides. No canary."""
    process = rig.start()
    wait_for(lambda: len(rig.accepted()) >= 1, 40, rig.log.read_text)
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: any(row["state"] == "REFUSED" for row in rig.rows("outbox")), 20, rig.log.read_text)
    lists = [path.read_bytes() for path in Path(f"/proc/{process.pid}").glob("task/*/cmdline")]
    while_it_ran = told(rig)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0, rig.log.read_text()
    assert not while_it_ran
    assert not told(rig)
    assert not [line for line in lists if TOKEN.encode() in line]

    refused = [row for row in rig.rows("outbox") if row["state"] == "REFUSED"]
    assert {row["intent"] for row in refused} == {"open"}
    assert refused[0]["detail"].startswith("entries stopped: by command at")
    assert refused[0]["detail"].endswith("signal SIGUSR1")
    assert "ENTRIES ARE STOPPED" in rig.log.read_text()
    events = [json.loads(line) for line in (rig.folder / "engine.log").read_text().splitlines()]
    sent = next(event for event in events if event["event"] == "message ACKNOWLEDGED")
    assert [event["event"] for event in events if sent["id"] in event.get("ids", ())] == ["candle closed"]

    config = read_config(rig.config, {})
    (report,) = audit(config, SystemClock(), 0)
    assert report.unexplained == 0, report
    assert report.bars == len(rig.rows("journal"))
    assert report.decisions >= len(rig.rows("outbox"))
    assert Cause.REFUSED in {difference.cause for difference in report.differences}
    assert {difference.cause for difference in report.differences} <= {Cause.REFUSED, Cause.EXPIRED}
