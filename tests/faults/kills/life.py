"""One life of the engine: the parts that `run` puts together, on candles that follow its own watermark."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from engine.adapters.clocks import SystemClock
from engine.adapters.http_exchange import Watch
from engine.adapters.http_sender import HttpSender
from engine.adapters.sql_store import SqlStore
from engine.config import Connector
from engine.decisions import Costs
from engine.delivery import Carried, Command, Exchange, Refused, Row, RowState, Step, Terms
from engine.live import DeliveryLoop, LiveEngine, Outcome, RouteSpec, Session
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.ports import JournalEntry, JournalMark, Notice, RouteRecord
from engine.rules import Rule, read_rule
from tests.faults.kills.world import BAR_MS, RULE, START_MS, SYMBOL, TOKEN, close_of

MINUTE = Timeframe.parse("1m")
FIRST_BAR = 40
Point = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How a life goes: the name of the moment to die at, the how-manieth of them, and chance's seed."""

    point: str = ""
    nth: int = 1
    seed: int = 0
    misses: float = 0.03  # how often bars are missed, so that entries are too late
    quiet: bool = False  # do not decide anything new: only deliver what is there, then end


class Market:
    """Closed bars up to `bars`; time stands a second after the newest one's close."""

    def __init__(self) -> None:
        self.bars = FIRST_BAR

    async def now_ms(self) -> int:
        return START_MS + self.bars * BAR_MS + 1_000

    async def instrument(self, symbol: str) -> Instrument:
        return Instrument(symbol, Decimal("0.01"), Decimal("0.00001"))

    async def kind(self, symbol: str) -> MarketKind:
        return MarketKind.FUTURES

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        first = max(0, -(-(since_ms - START_MS) // BAR_MS))
        index = np.arange(first, self.bars, dtype=np.int64)
        close = np.array([close_of(int(i)) for i in index], dtype=np.float64)
        return Bars(MINUTE, START_MS + index * BAR_MS, close, close, close, close, np.ones(len(index)))

    async def close(self) -> None:
        """Nothing to let go of."""


class Silent:
    """Is told, and says nothing."""

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None: ...
    def stepped(self, session: Session, outcome: Outcome) -> None: ...
    def voided(self, session: Session, row: Row) -> None: ...
    def waiting(self, route: str, error: Exception, pause_ms: int) -> None: ...
    def noticed(self, notice: Notice) -> None: ...


class DyingStore(SqlStore):
    """The real store, with a moment before and one after each commit."""

    point: Point = staticmethod(lambda name: None)
    _doing = threading.local()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        doing = getattr(self._doing, "name", "")
        with super()._transaction(writes=writes) as connection:
            yield connection
            if writes:
                self.point(f"before the commit of {doing}")
        if writes:
            self.point(f"after the commit of {doing}")

    def _as(self, name: str, work: Callable[..., Any], *arguments: object) -> Any:
        self._doing.name = name
        try:
            return work(*arguments)
        finally:
            self._doing.name = ""

    def commit_bar(
        self,
        record: RouteRecord,
        rows: Sequence[Row],
        entry: JournalEntry | None = None,
        mark: JournalMark | None = None,
    ) -> None:
        self._as("commit_bar", super().commit_bar, record, rows, entry, mark)

    def begin_attempt(self, row: Row, now_ms: int) -> Row | None:
        begun: Row | None = self._as("begin_attempt", super().begin_attempt, row, now_ms)
        return begun

    def end_attempt(self, row: Row, step: Step, exchange: Exchange | None, now_ms: int) -> None:
        self._as("end_attempt", super().end_attempt, row, step, exchange, now_ms)

    def resolve(self, row: Row, state: RowState, detail: str, now_ms: int) -> bool:
        return bool(self._as("resolve", super().resolve, row, state, detail, now_ms))

    def finish(self, command: Command, verdict: Carried | Refused, now_ms: int) -> list[Row] | None:
        added: list[Row] | None = self._as("finish", super().finish, command, verdict, now_ms)
        return added


def read_world_rule() -> Rule:
    """Give the rule; the parent reads it once, and every life inherits it."""
    return read_rule(RULE, "turns")


def warm_up(rule: Rule) -> None:
    """Load what is loaded once, so that every forked life has it: the machine is stepped over a few bars."""
    market = Market()
    session = Session("r", "main", rule, asyncio.run(market.instrument(SYMBOL)), Costs())
    bars = asyncio.run(market.closed_bars(SYMBOL, MINUTE, START_MS, 0))
    session.restore(bars[:-4])
    for i in range(len(bars) - 4, len(bars)):
        session.step(bars[i : i + 1])


def live(folder: Path, url: str, rule: Rule, plan: Plan, *, deduplicates: bool) -> None:
    """Run until killed; with a quiet plan, until nothing is left to be delivered."""
    chance = random.Random(plan.seed)  # noqa: S311 - not for secrets
    seen = 0

    def point(name: str) -> None:
        nonlocal seen
        if name == plan.point:
            seen += 1
            if seen >= plan.nth:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(5)  # until it arrives

    class DyingWatch(Watch):
        def connect(self, host: str, port: int) -> Any:
            point("before connecting")
            return super().connect(host, port)

        def begin(self) -> None:
            point("connected, before the first byte")
            super().begin()

    DyingStore.point = staticmethod(point)
    clock = SystemClock()
    store = DyingStore(folder / "state.db")
    connector = Connector.model_validate({"url": url, "name": "main", "token": TOKEN})
    sender = HttpSender(connector, connect_timeout_s=3, deadline_s=6, watch=DyingWatch)
    delivery = DeliveryLoop(store, {"main": sender}, {"main": Terms(deduplicates)}, clock)
    market, spec = Market(), RouteSpec(SYMBOL, "main", rule)
    engine = LiveEngine([spec], {"": market}, store, Costs(), clock, Silent(), delivery.wake)
    record = store.route(spec.key)
    if record is not None:
        market.bars = (record.watermark_ms - START_MS) // BAR_MS + 1
    delivery.start()
    asyncio.run(_run(engine, delivery, market, chance, plan))
    delivery.stop()
    store.close()


async def _run(engine: LiveEngine, delivery: DeliveryLoop, market: Market, chance: random.Random, plan: Plan) -> None:
    while delivery.failure is None:
        if plan.quiet and delivery.idle():
            return
        if not plan.quiet:
            # Sometimes bars were missed; not the first of all, which only says where it begins.
            missed = engine.sessions and chance.random() < plan.misses
            market.bars += 3 if missed else 1
            await engine.tick()
        for _ in range(chance.choice((0, 1, 2, 4, 8, 30))):
            if delivery.idle():
                break
            await asyncio.sleep(0.002)
    raise delivery.failure
