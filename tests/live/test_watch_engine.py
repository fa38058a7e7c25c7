"""`watch` through the real tick and store: inside of bars, across restarts, with candles that come late or never."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from engine.backtest import backtest
from engine.decisions import Costs
from engine.delivery import RowState
from engine.live import LiveEngine, RouteSpec
from engine.market import Bars, Timeframe
from engine.market.sample import sample_bars, sample_instrument
from engine.rules import read_rule
from tests.live.test_engine import HOUR, FlakyMarket, Watcher, World

QUARTER, SYMBOL, QUARTER_MS = Timeframe.parse("15m"), "BTC/USDT", 900_000
RULE = """\
name: bracket
market: spot
timeframe: 1h
watch: 15m
define: {fast: "ta.sma(close, 3)", slow: "ta.sma(close, 8)"}
long: {enter: "fast > slow", exit: "ta.crossunder(fast, slow)"}
take_profit: {percent: 0.6}
stop_loss: {percent: 0.6}
order: {size: {percent: 50}}
log: "{close}"
"""


class Sparse(FlakyMarket):
    """Leaves out quarters by their number since the epoch."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.missing: set[int] = set()

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        bars = await super().closed_bars(symbol, timeframe, since_ms, now_ms)
        return without(bars, self.missing) if timeframe == QUARTER else bars


def without(bars: Bars, missing: set[int]) -> Bars:
    kept = [i for i, time in enumerate(bars.time.tolist()) if time // QUARTER_MS not in missing]
    return Bars(bars.timeframe, bars.time[kept], *(column[kept] for column in bars.columns()))


class Watched:
    """A world in which time goes on by quarters of an hour."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.market = Sparse(self.world)
        self.rule = read_rule(RULE, "rule")
        self.key = RouteSpec(SYMBOL, "main", self.rule).key
        self.watchers: list[Watcher] = []
        self.restart()

    def restart(self) -> None:
        self.watchers.append(Watcher())
        spec = RouteSpec(SYMBOL, "main", self.rule)
        world, watcher = self.world, self.watchers[-1]
        self.engine = LiveEngine([spec], {"": self.market}, world.store, Costs(), world.clock, watcher, lambda: None)

    def tick(self, quarters: int, after_ms: int = 1_000) -> None:
        self.world.clock.reach(self.world.start + quarters * QUARTER_MS + after_ms)
        asyncio.run(self.engine.tick())

    @property
    def messages(self) -> list[str]:
        return [message for watcher in self.watchers for message in watcher.messages]

    def expected(self, hours: int, missing: set[int] | None = None) -> list[str]:
        warmup = self.rule.plan().warmup
        first = HOUR.shift(self.world.start, -warmup)
        bars = sample_bars(SYMBOL, HOUR, first, warmup + hours)
        finer = without(sample_bars(SYMBOL, QUARTER, first, 4 * (warmup + hours)), missing or set())
        result = backtest(self.rule, bars, sample_instrument(SYMBOL), Costs(), finer=finer)
        return [message.json() for message in result.messages]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_levels_are_watched_inside_of_bars_as_in_the_backtest(watched: Watched) -> None:
    """Every quarter of an hour is looked at when it closes; a restart inside of a bar forgets and repeats nothing."""
    inside = 0
    for quarter in range(4 * 120 + 1):
        before = len(watched.messages)
        watched.tick(quarter)
        watched.world.acknowledge()
        inside += quarter % 4 != 0 and len(watched.messages) > before
        if quarter % 7 == 3:
            watched.restart()
    assert watched.messages == watched.expected(120)
    assert inside > 5


def test_a_machine_that_slept_takes_all_quarters_through(watched: Watched) -> None:
    """Hours later, or in another process, every quarter is taken through once, in its bar; the journal has them."""
    for quarter in (0, 1, 2, 90, 93, 301):
        watched.tick(quarter)
        watched.world.acknowledge()
        if quarter in (2, 93):
            watched.restart()
    start = watched.world.start
    entries = watched.world.store.journal(watched.key, start, start + 76 * HOUR.length_ms)
    seen = [[int(row[0]) for row in json.loads(entry.notes)["inside"]["candles"]] for entry in entries]
    hours = [[HOUR.shift(start, hour) + n * QUARTER_MS for n in range(4)] for hour in range(75)]
    assert seen == [*hours, [start + 300 * QUARTER_MS]]
    assert [entry.candle is None for entry in entries] == [False] * 75 + [True]


def test_a_bar_waits_a_minute_for_its_last_quarter(watched: Watched) -> None:
    """Then nobody traded in it. A quarter missing before it is passed over at once. As in a backtest without them."""
    first = watched.world.start // QUARTER_MS
    watched.market.missing = {first + quarter for quarter in range(480) if quarter % 8 in (1, 3, 6)}
    bars = 0
    for quarter in range(4 * 40 + 1):
        watched.tick(quarter)
        if quarter % 4 == 0 and quarter:
            waits = (quarter - 1) % 8 == 3
            assert (len(_own(watched)) == bars) == waits
            watched.tick(quarter, 61_000)
            bars = len(_own(watched))
        watched.world.acknowledge()
    assert watched.messages == watched.expected(40, watched.market.missing)


def _own(watched: Watched) -> list[int]:
    return [
        int(o.bar.time[0]) for w in watched.watchers for o in w.outcomes if o.bar.timeframe == watched.rule.timeframe
    ]


def test_an_order_inside_of_a_bar_lives_one_quarter_at_most_a_minute(watched: Watched) -> None:
    """Its row is named by the finer candle; what was not sent in time is undone at the next quarter."""
    quarter = 0
    while not watched.messages:
        watched.tick(quarter)
        quarter += 1
    (row,) = watched.world.store.unresolved()
    assert row.deadline_ms is not None
    watched.tick(quarter)
    (after,) = watched.world.store.rows(10)
    assert after.state is RowState.EXPIRED
    assert [void.seq for void in watched.watchers[0].voids] == [row.seq]
