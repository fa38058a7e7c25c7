"""The demo: the real path, offline, at an accelerated clock.

Everything is what `run` uses: scheduler, plan, machine, store, outbox, HTTP, the paper platform in its own process.
Only the market is the sample one, and the clock jumps to the next candle's close as soon as the last one's messages
are delivered.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import requests
from pydantic import SecretStr

from engine.adapters.clocks import SteppedClock
from engine.app.candles import SAMPLE, SAMPLE_SYMBOLS
from engine.app.service import Finished, serve
from engine.app.system import System
from engine.backtest import backtest
from engine.config import Connector, ExchangeConfig, PaperConfig, Route, RunConfig
from engine.delivery import Exchange, Row, RowState, Step
from engine.errors import InvalidInputError
from engine.live import Outcome, Session
from engine.market import Bars
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.ports import Notice, RouteRecord
from engine.rules import read_rule_file

TICK_SECONDS = 0.01


@dataclass
class Progress:
    """What the demo has come to so far; also what it tells its viewer."""

    bars: int = 0
    refused: int = 0
    decided: list[str] = field(default_factory=list)
    candles: dict[str, int] = field(default_factory=dict)
    received: list[dict[str, object]] = field(default_factory=list)
    states: dict[RowState, int] = field(default_factory=dict)
    session: Session | None = None

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:  # noqa: ARG002 - Observer
        """Keep the session, to show its position at the end."""
        self.session = session

    def stepped(self, session: Session, outcome: Outcome) -> None:  # noqa: ARG002 - Observer
        """Count."""
        self.bars += 1
        self.refused += len(outcome.decisions) - len(outcome.messages)
        self.decided += [message.json() for message in outcome.messages]
        self.candles |= {row.client_order_id: row.bar_ms for row in outcome.rows}

    def voided(self, session: Session, row: Row) -> None:
        """Nothing: what is lost shows in `states`."""

    def noticed(self, notice: Notice) -> None:
        """Pass over it: the sample market has no gaps, and the demo's clock is its own."""

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:  # noqa: ARG002 - Observer
        """End the demo: the sample market never fails, so this is a mistake of ours."""
        raise error

    def delivered(self, row: Row, step: Step, exchange: Exchange | None) -> None:  # noqa: ARG002 - OnDelivery
        """Count the final states."""
        self.states[step.state] = self.states.get(step.state, 0) + 1


Show = Callable[[Progress, list[dict[str, object]]], None]


@dataclass(frozen=True)
class Summary:
    """What a demo came to; `equal`: a backtest of the same candles decided the same messages, to the byte.

    `platform_equity` is what the paper platform's account came to, by the fills of the messages that it received.
    """

    strategy: str
    rule_file: Path
    symbol: str
    first_ms: int
    last_ms: int
    bars: int
    decided: int
    refused: int
    delivered: int
    ledger_messages: int
    side: int
    capital: float
    equity: float
    platform_equity: Decimal
    equal: bool
    folder: Path

    @property
    def good(self) -> bool:
        """Whether every message that was decided arrived, once, and was what a backtest decides."""
        return self.equal and self.decided == self.delivered == self.ledger_messages


def run_demo(strategy: Path, bars: int, parent: Path, show: Show) -> Summary:
    """Run it; `show` is told how far it is, and the entries that are new in the paper platform's ledger.

    Writes the engine's state and the ledger into a new folder in `parent`. Errors: InvalidInputError.
    """
    rule = read_rule_file(strategy)
    folder = _new_folder(parent)
    symbol, timeframe = SAMPLE_SYMBOLS[rule.market], rule.timeframe
    config = _config(strategy, symbol, folder)
    progress = Progress()
    warm = 2 * rule.plan().warmup + 2
    first = timeframe.shift(timeframe.floor(SAMPLE_START_MS), warm)
    clock = SteppedClock(first)
    with System(config, progress, progress.delivered, clock, pushed=True) as system:
        pushed = -1

        def push(row: int) -> None:
            nonlocal pushed
            if row > pushed:
                one = sample_bars(symbol, timeframe, timeframe.shift(first, row), 1)
                push_candles(system.paper_url, "demo", one)
                pushed = row

        async def tick() -> None:
            await system.engine.tick()
            if not system.delivery.idle():
                return
            fresh = await asyncio.to_thread(_ledger_after, system.paper_url, len(progress.received))
            progress.received += fresh
            show(progress, fresh)
            if progress.bars >= bars:
                raise Finished
            await asyncio.to_thread(push, progress.bars)  # whose close the next messages are decided at
            clock.reach(timeframe.shift(first, progress.bars + 1))

        serve(system, tick, tick_seconds=TICK_SECONDS)
        platform_equity = _equity(system.paper_url)
    session = progress.session
    if session is None or progress.bars == 0:
        raise KeyboardInterrupt  # stopped before the first candle
    tested = sample_bars(
        symbol, timeframe, timeframe.shift(first, -rule.plan().warmup), rule.plan().warmup + progress.bars
    )
    result = backtest(rule, tested, sample_instrument(symbol))
    return Summary(
        strategy=rule.name,
        rule_file=strategy,
        symbol=symbol,
        first_ms=first,
        last_ms=timeframe.shift(first, progress.bars - 1),
        bars=progress.bars,
        decided=len(progress.decided),
        refused=progress.refused,
        delivered=progress.states.get(RowState.ACKNOWLEDGED, 0),
        ledger_messages=len(progress.received),
        side=session.side,
        capital=config.capital,
        equity=session.equity,
        platform_equity=platform_equity,
        equal=[message.json() for message in result.messages] == progress.decided,
        folder=folder,
    )


def _new_folder(parent: Path) -> Path:
    """Make a folder named by the time, for one demo."""
    folder = parent / datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S.%f")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InvalidInputError(f"{folder}: cannot be made: {error.strerror}; choose another place by --out") from None
    return folder


def _config(strategy: Path, symbol: str, folder: Path) -> RunConfig:
    token = SecretStr(secrets.token_urlsafe(16))
    connector = Connector(url="http://127.0.0.1/trading-signal/webhook", name="demo", token=token, deduplicates=True)
    return RunConfig(
        mode="paper",
        state=str(folder / "engine-state.db"),
        exchange=ExchangeConfig(id=SAMPLE),
        connectors={"demo": connector},
        routes=[Route(strategy=str(strategy), symbol=symbol, connector="demo")],
        paper=PaperConfig(port=0, ledger=str(folder / "paper-ledger.db")),
        settle_seconds=0,
        tick_seconds=TICK_SECONDS,
    )


def push_candles(url: str, connector: str, bars: Bars) -> None:
    """Let candles meet the orders of a connector of the paper platform at `url`."""
    columns = (bars.time, bars.closes_ms, bars.open, bars.high, bars.low, bars.close)
    names = ("time_ms", "close_ms", "open", "high", "low", "close")
    rows = zip(*(column.tolist() for column in columns), strict=True)
    texts = [(*row[:2], *(format(Decimal(repr(price)), "f") for price in row[2:])) for row in rows]
    document = {"connector": connector, "candles": [dict(zip(names, row, strict=True)) for row in texts]}
    requests.post(f"{url}/api/candles", json=document, timeout=10).raise_for_status()


def _equity(url: str) -> Decimal:
    answer = requests.get(f"{url}/api/balances", timeout=5)
    answer.raise_for_status()
    return Decimal(answer.json()["balances"][0]["equity"])


def _ledger_after(url: str, sequence: int) -> list[dict[str, object]]:
    answer = requests.get(f"{url}/api/messages", params={"after": sequence}, timeout=5)
    answer.raise_for_status()
    entries: list[dict[str, object]] = answer.json()["messages"]
    return entries
