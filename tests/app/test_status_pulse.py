"""What `status` shows of the running engine: its doorbell and what ails it, of a real System."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.clocks import SteppedClock
from engine.adapters.pulse_file import PulseFile
from engine.app.observers import LogObserver
from engine.app.status import status_of
from engine.app.status_words import Status, Trouble
from engine.app.system import System
from engine.cli.main import app
from engine.config import RunConfig, read_config
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS
from tests.app.test_checklist import RULE
from tests.servers.binance import from_sample
from tests.servers.exchange import ExchangeServer, ccxt_options
from tests.servers.exchange import Trouble as Fault

HOUR = Timeframe.parse("1h")
SYMBOL = "BTC/USDT:USDT"
START = HOUR.shift(SAMPLE_START_MS, 400)


class Running:
    """A System on Binance's real class, rung by the test; the exchange's candles may be broken from an hour on."""

    def __init__(self, folder: Path) -> None:
        (folder / "rule.yaml").write_text(RULE)
        self.folder, self.clock, self.broken_ms = folder, SteppedClock(START + 1_500), 2**60
        self.sound = from_sample()
        self.server = ExchangeServer(self._candles, self.clock.now_ms)
        self.server.__enter__()
        self.loop = asyncio.new_event_loop()
        document = {
            "mode": "paper",
            "state": "state.db",
            "exchange": {"id": "binanceusdm", "options": ccxt_options(self.server.url)},
            "connectors": {"main": {"url": "http://127.0.0.1:9/hook", "name": "a", "token": "canary-pulse"}},
            "routes": [{"strategy": "rule.yaml", "symbol": SYMBOL, "connector": "main"}],
        }
        (folder / "config.yaml").write_text(json.dumps(document))

    @property
    def config(self) -> RunConfig:
        return read_config(self.folder / "config.yaml", {})

    def _candles(self, symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        bars = self.sound(symbol, timeframe, first_ms, last_ms)
        return replace(bars, low=bars.low + (bars.time >= self.broken_ms) * 1e9)

    def start(self) -> System:
        system = System(self.config, LogObserver(), lambda row, step, exchange: None, self.clock)
        system.__enter__()
        (market,) = system.markets.values()
        assert isinstance(market, CcxtMarket)
        market._clock_seconds = 0  # its time is asked for at each ring: ours is stepped
        return system

    def stop(self, system: System) -> None:
        self.loop.run_until_complete(system.close_markets())
        system.__exit__(None, None, None)

    def ring(self, system: System, hour: int) -> Status:
        """Let the doorbell ring after an hour's close; gives what `status` shows then."""
        self.clock.step_to(HOUR.shift(START, hour) + 60_000)
        for _ in range(2):
            self.loop.run_until_complete(system.engine.tick())
            self.clock.step_to(self.clock.now_ms() + 6_000)
            system.check()
        return self.look()

    def look(self) -> Status:
        return status_of(self.config, self.clock, 0)

    def close(self) -> None:
        self.loop.close()
        self.server.__exit__(None, None, None)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.close()


def troubles(shown: Status) -> dict[Trouble, str]:
    return {one.trouble: f"{one.where}: {one.told}" for one in shown.found}


def test_the_doorbell_and_what_ails_the_engine_are_shown(running: Running) -> None:
    """Rings by timeframe; a quarantine until it is over; markets from the disk; an exchange that is not heard."""
    system = running.start()
    shown = running.ring(system, 0)
    assert troubles(shown) == {}
    assert shown.doorbell is not None
    assert (shown.process, list(shown.doorbell.heard_ms)) == (os.getpid(), ["1h"])
    assert 0 <= shown.doorbell.rang_ms < 5_000
    running.broken_ms = HOUR.shift(START, 1)
    shown = running.ring(system, 2)
    route = f"swing {SYMBOL} 1h"
    assert troubles(shown)[Trouble.QUARANTINED].startswith(f"{route}: since 2024-01-17 18:01 UTC: ")
    assert shown.urgent
    running.broken_ms = 2**60
    assert Trouble.QUARANTINED not in troubles(running.ring(system, 3))
    running.server.trouble(Fault("/time", status=503))
    running.ring(system, 4)
    running.clock.step_to(running.clock.now_ms() + 90_000)
    system.check()
    running.clock.step_to(running.clock.now_ms() + 1_000)
    told = troubles(running.look())
    assert told[Trouble.NO_EXCHANGE].startswith("1h candles: the engine has not been told the exchange's time for ")
    running.stop(system)
    assert running.look().doorbell is None  # an engine that has ended has none


def test_markets_from_the_disk_are_a_notice(running: Running) -> None:
    """A start that the exchange gave no list of markets says so as long as it runs on the copy."""
    system = running.start()
    running.ring(system, 0)
    running.stop(system)
    running.server.trouble(Fault("exchangeInfo", status=503))
    system = running.start()
    shown = running.ring(system, 1)
    assert "binanceusdm: since 2024-01-17 17:01 UTC: as of " in troubles(shown)[Trouble.DEGRADED]
    assert not [one for one in shown.found if one.trouble is Trouble.DEGRADED and one.urgent]
    running.stop(system)


def test_a_silent_doorbell_is_trouble(running: Running) -> None:
    """A process that is there and rings no more is blind; the page and the document show it."""
    system = running.start()
    running.ring(system, 0)
    running.clock.step_to(running.clock.now_ms() + 300_000)
    assert "has not looked for candles for 30" in troubles(running.look())[Trouble.SILENT]
    config = str(running.folder / "config.yaml")
    page = CliRunner().invoke(app, ["status", "--offline", "--config", config])  # by the clock of today
    assert "DOORBELL SILENT: the engine: process" in page.output
    assert "; 0 rings missed since its start" in " ".join(page.output.split())
    document = json.loads(CliRunner().invoke(app, ["status", "--json", "--offline", "--config", config]).output)
    assert document["doorbell"]["missed"] == 0
    assert "canary" not in page.output + PulseFile(running.folder / "state.db").path.read_text()
    running.stop(system)
