"""The engine's tick with the sample market, a real store, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from engine.adapters.clocks import SteppedClock
from engine.adapters.sample_market import SampleMarket
from engine.adapters.sql_store import SqlStore
from engine.backtest import backtest
from engine.decisions import Costs
from engine.delivery import Intent, Row, RowState
from engine.errors import MarketDataUnavailableError, RefusedError
from engine.live import LiveEngine, Outcome, RouteSpec, Session
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.ports import MarketData, Notice, RouteRecord
from engine.rules import Rule, read_rule

HOUR = Timeframe.parse("1h")
SYMBOL = "BTC/USDT:USDT"
RULE = """\
name: swing
market: futures
timeframe: 1h
define: {fast: "ta.sma(close, 3)", slow: "ta.sma(close, 8)"}
long: {enter: "ta.crossover(fast, slow)"}
short: {enter: "ta.crossunder(fast, slow)"}
stop_loss: {percent: 3}
order: {size: {percent: 10}}
"""


@dataclass
class Watcher:
    """Keeps what it is told."""

    outcomes: list[Outcome] = field(default_factory=list)
    resumed: list[RouteRecord | None] = field(default_factory=list)
    voids: list[Row] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        self.resumed.append(resumed)

    def stepped(self, session: Session, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def voided(self, session: Session, row: Row) -> None:
        self.voids.append(row)

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:
        self.waits.append(str(error))

    def noticed(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def messages(self) -> list[str]:
        return [message.json() for outcome in self.outcomes for message in outcome.messages]


class FlakyMarket:
    """The sample market behind a line that can be cut; a small real implementation of the port."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self._market = SampleMarket(clock)
        self.longest = 10_000
        self.cut = False
        self.hide_newest = False
        self.asked = 0

    async def now_ms(self) -> int:
        return await self._market.now_ms()

    async def instrument(self, symbol: str) -> Instrument:
        return await self._market.instrument(symbol)

    async def kind(self, symbol: str) -> MarketKind:
        return await self._market.kind(symbol)

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        self.asked += 1
        if self.cut:
            raise MarketDataUnavailableError("the line is cut")
        bars = await self._market.closed_bars(symbol, timeframe, since_ms, now_ms)
        bars = bars[max(0, len(bars) - self.longest) :]
        newest = timeframe.last_closed(now_ms)
        return bars[: int(bars.time.searchsorted(newest))] if self.hide_newest else bars

    async def close(self) -> None:
        return None


class World:
    """A clock, a market and a store; engines on them come and go."""

    def __init__(self, folder: Path) -> None:
        self.start = HOUR.shift(SAMPLE_START_MS, 100)
        self.clock = SteppedClock(self.start)
        self.market = FlakyMarket(self.clock)
        self.store = SqlStore(folder / "state.db")
        self.rule: Rule = read_rule(RULE, "rule")

    def engine(self, symbol: str = SYMBOL, market: MarketData | None = None) -> tuple[LiveEngine, Watcher]:
        watcher = Watcher()
        spec = RouteSpec(symbol, "main", self.rule)
        engine = LiveEngine([spec], {"": market or self.market}, self.store, Costs(), self.clock, watcher, lambda: None)
        return engine, watcher

    def to(self, bars: int) -> None:
        """Move the clock to a second after that many hours since the start."""
        self.clock.reach(HOUR.shift(self.start, bars) + 1_000)

    def acknowledge(self) -> None:
        """Let everything that waits have arrived."""
        for row in self.store.unresolved():
            self.store.resolve(row, RowState.ACKNOWLEDGED, "test", 0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run_through(world: World, engine: LiveEngine, hours: range, after: Callable[[], None]) -> None:
    for hour in hours:
        world.to(hour)
        asyncio.run(engine.tick())
        after()


def until_decided(world: World, engine: LiveEngine, watcher: Watcher) -> int:
    """Let hours pass until something is decided; give the next hour."""
    hour = 0
    while not watcher.messages and hour < 500:
        world.to(hour)
        asyncio.run(engine.tick())
        hour += 1
    return hour


def expected(world: World, hours: int) -> list[str]:
    warmup = world.rule.plan().warmup
    bars = sample_bars(SYMBOL, HOUR, HOUR.shift(world.start, -warmup), warmup + hours)
    return [message.json() for message in backtest(world.rule, bars, sample_instrument(SYMBOL)).messages]


def test_ticks_decide_what_a_backtest_decides(world: World) -> None:
    """Bar by bar through store and state, the messages equal the backtest's, byte for byte."""
    engine, watcher = world.engine()
    run_through(world, engine, range(200), world.acknowledge)
    assert watcher.messages == expected(world, 199)
    assert len(watcher.messages) > 10


def test_a_ring_that_comes_twice_or_not_at_all_changes_nothing(world: World) -> None:
    """Extra ticks and missing ticks give the same bars, each once; nothing is asked while nothing can be due."""
    engine, watcher = world.engine()
    for hour in (0, 1, 1, 1, 4, 4, 9):
        world.to(hour)
        asyncio.run(engine.tick())
        world.acknowledge()
    times = [int(outcome.bar.time[0]) for outcome in watcher.outcomes]
    assert times == [HOUR.shift(world.start, i) for i in range(9)]
    assert world.market.asked == 4  # the start, and once for each of 1, 4 and 9


def test_a_restart_goes_on_where_the_last_process_was(world: World) -> None:
    """Engines that take over from each other decide together what one alone decides."""
    said: list[str] = []
    for first in range(0, 120, 13):
        engine, watcher = world.engine()
        run_through(world, engine, range(first, min(first + 13, 120)), world.acknowledge)
        said += watcher.messages
        assert (watcher.resumed[0] is None) == (first == 0)
    assert said == expected(world, 119)


def test_after_downtime_entries_past_their_lifetime_are_undone(world: World) -> None:
    """Missed bars are stepped; an entry decided too long ago is believed not to have happened, a later one counts."""
    engine, watcher = world.engine()
    asyncio.run(engine.tick())
    world.to(100)
    asyncio.run(engine.tick())
    openings = [row for row in world.store.rows() if row.deadline_ms is not None]
    now = world.clock.now_ms()
    late = [row for row in openings if row.deadline_ms is not None and row.deadline_ms < now]
    assert late
    assert [row.client_order_id for row in watcher.voids] == [
        row.client_order_id for row in late if row.bar_ms < int(watcher.outcomes[-1].bar.time[0])
    ]
    closes = [row for row in world.store.rows() if row.deadline_ms is None]
    assert closes == []  # nothing was ever believed to be open, so nothing has to be closed


def test_a_rejected_entry_is_undone_before_the_next_bar(world: World) -> None:
    """What the receiver refused was never opened: the next bar begins without it."""
    engine, watcher = world.engine()
    hour = until_decided(world, engine, watcher)
    row = world.store.unresolved()[0]
    world.store.resolve(row, RowState.REJECTED, "refused", 0)
    world.to(hour)
    asyncio.run(engine.tick())
    assert [void.client_order_id for void in watcher.voids] == [row.client_order_id]
    assert engine.sessions[0].side == 0


def test_an_entry_is_undone_only_when_it_can_no_longer_be_sent(world: World) -> None:
    """What is undone is EXPIRED in the store at that moment: a sender that looked before finds it gone."""
    engine, watcher = world.engine()
    hour = until_decided(world, engine, watcher)
    looked_at = world.store.unresolved()[0]
    world.to(hour)
    asyncio.run(engine.tick())
    assert len(watcher.voids) == 1
    assert world.store.begin_attempt(looked_at, world.clock.now_ms()) is None


def test_an_entry_that_is_being_sent_is_not_undone(world: World) -> None:
    """While bytes may be under way the entry counts as executed, however late it is."""
    engine, watcher = world.engine()
    hour = until_decided(world, engine, watcher)
    world.store.begin_attempt(world.store.unresolved()[0], world.clock.now_ms())
    world.to(hour)
    asyncio.run(engine.tick())
    assert watcher.voids == []
    assert engine.sessions[0].side != 0


@pytest.mark.parametrize("skew_ms", [-90_000, 90_000])
def test_lifetimes_are_kept_by_our_clock_whatever_the_exchange_shows(world: World, skew_ms: int) -> None:
    """A clock that is off by more than a lifetime neither expires every entry nor lets old ones live."""
    world.clock = SteppedClock(world.start + skew_ms)
    world.market = FlakyMarket(SteppedClock(world.start))
    engine, watcher = world.engine()
    hour = 0
    while not watcher.messages and hour < 500:
        world.market.clock.step_to(HOUR.shift(world.start, hour) + 1_000 + hour)
        world.clock.step_to(HOUR.shift(world.start, hour) + 1_000 + hour + skew_ms)
        asyncio.run(engine.tick())
        hour += 1
    deadline_ms = world.store.unresolved()[0].deadline_ms
    assert deadline_ms is not None
    assert 0 < deadline_ms - world.clock.now_ms() <= 60_000


def test_a_route_with_a_position_waits_until_it_is_warm(world: World) -> None:
    """With too little history after a restart nothing is decided blindly: it is said, and asked for again."""
    engine, _ = world.engine()
    run_through(world, engine, range(3), world.acknowledge)
    world.market.longest = 3
    later, watcher = world.engine()
    asyncio.run(later.tick())
    assert watcher.waits
    assert "the exchange gave 3 of the" in watcher.waits[0]
    world.market.longest = 10_000
    world.clock.step_to(world.clock.now_ms() + 10_000)
    asyncio.run(later.tick())
    assert len(later.sessions) == 1


def test_while_the_line_is_cut_it_waits_and_then_catches_up(world: World) -> None:
    """An outage is reported, retried with pauses, and every bar of it is stepped when it is over."""
    engine, watcher = world.engine()
    asyncio.run(engine.tick())
    world.market.cut = True
    for hour in (1, 2, 3):
        world.to(hour)
        asyncio.run(engine.tick())
    assert watcher.waits == ["the line is cut"] * 3
    asked = world.market.asked
    asyncio.run(engine.tick())
    assert world.market.asked == asked  # still pausing
    world.market.cut = False
    world.to(4)
    asyncio.run(engine.tick())
    assert len(watcher.outcomes) == 4


def test_a_candle_that_is_published_late_is_waited_for(world: World) -> None:
    """A bar that has closed but is not there yet is never replaced by another, and comes when it is there."""
    engine, watcher = world.engine()
    asyncio.run(engine.tick())
    world.market.hide_newest = True
    world.to(1)
    asyncio.run(engine.tick())
    assert watcher.outcomes == []
    world.market.hide_newest = False
    world.clock.step_to(world.clock.now_ms() + 10_000)
    asyncio.run(engine.tick())
    assert [int(outcome.bar.time[0]) for outcome in watcher.outcomes] == [world.start]


def test_a_candle_is_decided_on_only_when_it_has_settled(world: World) -> None:
    """With a settle delay of 5 s nothing is asked for in the first 5 s after the close."""
    watcher = Watcher()
    engine = LiveEngine(
        [RouteSpec(SYMBOL, "main", world.rule)],
        {"": world.market},
        world.store,
        Costs(),
        world.clock,
        watcher,
        lambda: None,
        5_000,
    )
    world.clock.step_to(world.start + 6_000)
    asyncio.run(engine.tick())
    asked = world.market.asked
    world.to(1)
    asyncio.run(engine.tick())
    assert world.market.asked == asked
    world.clock.step_to(world.clock.now_ms() + 5_000)
    asyncio.run(engine.tick())
    assert len(watcher.outcomes) == 1


def test_a_futures_rule_on_a_spot_symbol_is_refused(world: World) -> None:
    """The mistake ends the start, naming both sides of it."""
    engine, _ = world.engine("BTC/USDT")
    with pytest.raises(RefusedError, match="futures rule, and BTC/USDT is a spot symbol"):
        asyncio.run(engine.tick())


def test_an_unknown_symbol_is_refused(world: World) -> None:
    """What the exchange will never have is not asked for again and again."""
    engine, _ = world.engine("nonsense")
    with pytest.raises(RefusedError, match="nonsense"):
        asyncio.run(engine.tick())


def test_a_position_that_was_closed_by_hand_is_believed_to_be_closed(world: World) -> None:
    """After a close by hand of the side that is held, the next bar begins flat; one of the other side does nothing."""
    engine, watcher = world.engine()
    hour = until_decided(world, engine, watcher)
    world.acknowledge()
    held, other = ("closeLong", "closeShort") if "openLong" in watcher.messages[0] else ("closeShort", "closeLong")
    for action, side in ((other, True), (held, False)):
        close = Row(
            0, engine.sessions[0].route, "main", Intent.CLOSE, RowState.PENDING, action, f'{{"action":"{action}"}}', 0
        )
        world.store.commit_bar(
            world.store.route(engine.sessions[0].route) or RouteRecord("", 0, "", ""), [replace(close, by_hand=True)]
        )
        world.acknowledge()
        world.to(hour)
        hour += 1
        asyncio.run(engine.tick())
        assert (engine.sessions[0].side != 0) is side
    assert [void.client_order_id for void in watcher.voids] == [held]


def test_a_message_by_hand_is_no_entry_of_the_rules(world: World) -> None:
    """An opening that a person sent, and that was refused, undoes nothing that the rule decided."""
    engine, watcher = world.engine()
    hour = until_decided(world, engine, watcher)
    world.acknowledge()
    route = engine.sessions[0].route
    by_hand = Row(0, route, "main", Intent.OPEN, RowState.REJECTED, "x", '{"action":"openLong"}', 0, by_hand=True)
    world.store.commit_bar(world.store.route(route) or RouteRecord("", 0, "", ""), [by_hand])
    world.to(hour)
    asyncio.run(engine.tick())
    assert watcher.voids == []
    assert engine.sessions[0].side != 0
