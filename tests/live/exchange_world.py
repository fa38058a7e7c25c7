"""The real engine, store and ccxt class against an exchange on loopback whose candles and clock the test sets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.sql_store import SqlStore
from engine.decisions import Costs
from engine.delivery import Expire, RowState, Send, choose
from engine.live import GapPolicy, Guard, Limits, LiveEngine, RouteSpec
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.ports import NoticeKind
from engine.rules import read_rule
from tests.live.test_engine import RULE, SYMBOL, Watcher
from tests.servers.exchange import ExchangeServer, Trouble, ccxt_options

HOUR = Timeframe.parse("1h")
WITH_EXITS = RULE.replace('slow)"}', 'slow)", exit: "ta.crossunder(close, fast)"}', 1)
FIRST = 100  # the hour at which engines start


@dataclass
class HandClock:
    """Shows what it is set to; `steady` goes on by itself only as it is told."""

    wall_ms: int
    steady: float = 0.0

    def now_ms(self) -> int:
        return self.wall_ms

    def steady_ms(self) -> float:
        return self.steady


class ExchangeWorld:
    """Hours of the sample market; `hidden` are not given, `bars` may be spoilt. To be closed."""

    def __init__(self, folder: Path, rule: str = WITH_EXITS) -> None:
        self.bars = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 1_500)
        self.truth = self.bars
        self.hidden: set[int] = set()
        self.off_ms = 0  # our clock less the exchange's
        self.clock = HandClock(self.hour(FIRST))
        self.server = ExchangeServer(self._given, lambda: self.clock.wall_ms - self.off_ms)
        self.server.__enter__()
        self.loop = asyncio.new_event_loop()
        self.market = CcxtMarket("binanceusdm", ccxt_options(self.server.url), clock_seconds=0)
        self.store = SqlStore(folder / "state.db", clock=self.clock)
        self.spec = RouteSpec(SYMBOL, "main", read_rule(rule, "rule"))
        self.watcher = Watcher()

    def close(self) -> None:
        self.loop.run_until_complete(self.market.close())
        self.loop.close()
        self.store.close()
        self.server.__exit__(None, None, None)

    def hour(self, number: int) -> int:
        """When an hour opens."""
        return HOUR.shift(SAMPLE_START_MS, number)

    def engine(self, gaps: GapPolicy = GapPolicy.SKIP, limits: Limits | None = None) -> LiveEngine:
        guard = Guard(limits or Limits(clock_ms=2_000), self.store, self.clock, [self.spec])
        return LiveEngine(
            [self.spec],
            {"": self.market},
            self.store,
            Costs(),
            self.clock,
            self.watcher,
            lambda: None,
            guard=guard,
            gaps=gaps,
            steady_ms=self.clock.steady_ms,
        )

    def tick(self, engine: LiveEngine, hour: int, seconds: float = 1) -> None:
        """Let the exchange's time be so many seconds after an hour opened, and ring."""
        at_ms = self.hour(hour) + round(seconds * 1_000) + self.off_ms
        self.clock.steady += at_ms - self.clock.wall_ms
        self.clock.wall_ms = at_ms
        self.loop.run_until_complete(engine.tick())
        while True:  # everything arrives at once that is not too late
            decision = choose(self.store.unresolved("main"), self.clock.now_ms())
            if isinstance(decision, Expire):
                self.store.resolve(decision.row, decision.step.state, decision.reason, self.clock.now_ms())
            elif isinstance(decision, Send):
                self.store.resolve(decision.row, RowState.ACKNOWLEDGED, "arrived", self.clock.now_ms())
            else:
                break

    def run(self, engine: LiveEngine, hours: range) -> None:
        """Ring once after each of the hours, and where some are hidden a minute and a half later."""
        for hour in hours:
            self.tick(engine, hour)
            if self.hidden:
                self.tick(engine, hour, 90)

    def spoil(self, column: str, hour: int, value: float) -> None:
        cells = getattr(self.bars, column).copy()
        cells[hour] = value
        self.bars = replace(self.bars, **{column: cells})

    def outage(self) -> Trouble:
        """Every question is answered 503."""
        return Trouble(status=503)

    @property
    def hours(self) -> list[int]:
        """The hours that were stepped."""
        return [(int(o.bar.time[0]) - SAMPLE_START_MS) // HOUR.length_ms for o in self.watcher.outcomes]

    def noticed(self, kind: NoticeKind) -> list[str]:
        return [notice.text for notice in self.watcher.notices if notice.kind is kind]

    def _given(self, _symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        there = (self.bars.time >= first_ms) & (self.bars.time <= last_ms) & (timeframe == HOUR)
        if self.hidden:
            there &= ~np.isin(self.bars.time, [self.hour(hour) for hour in self.hidden])
        return Bars(HOUR, self.bars.time[there], *(column[there] for column in self.bars.columns()))
