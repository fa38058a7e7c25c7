"""Late, missing, changed and broken candles, and clocks that are off: the real engine and ccxt's class on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.sql_store import SqlStore
from engine.decisions import Costs
from engine.delivery import RowState
from engine.live import GapPolicy, Limits, LiveEngine, RouteSpec
from engine.market.sample import SAMPLE_START_MS
from engine.ports import NoticeKind
from engine.rules import read_rule
from tests.live.exchange_world import FIRST, HOUR, ExchangeWorld, HandClock
from tests.live.test_engine import Watcher
from tests.servers.exchange import ExchangeServer, Trouble, coinbase_options

SPOT = """\
name: spot
market: spot
timeframe: 1h
long: {enter: "ta.crossover(close, ta.sma(close, 3))", exit: "close < open"}
order: {size: {percent: 10}}
"""
WARMUP = 8  # of the rule: sma(8), and the bar before for its crossing


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExchangeWorld]:
    made = ExchangeWorld(tmp_path)
    yield made
    made.close()


def decided(world: ExchangeWorld) -> dict[int, list[str]]:
    return dict(zip(world.hours, ([d.move.name for d in o.decisions] for o in world.watcher.outcomes), strict=True))


def test_a_late_candle_is_asked_for_until_its_deadline_and_stepped(world: ExchangeWorld) -> None:
    """Published 40 s after its close, it is decided on; the one before it is not used instead."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 1))
    world.hidden = {FIRST}
    for seconds in (1, 11, 21, 31):
        world.tick(engine, FIRST + 1, seconds)
    assert world.hours == []
    world.hidden = set()
    world.tick(engine, FIRST + 1, 41)
    assert world.hours == [FIRST]
    assert world.watcher.notices == []


def test_past_its_deadline_a_bar_is_skipped_visibly_and_for_good(world: ExchangeWorld) -> None:
    """A candle that comes after a minute is SKIPPED_LATE: named, counted, in the journal, and not decided on later."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 1))
    world.hidden = {FIRST}
    world.run(engine, range(FIRST + 1, FIRST + 2))
    assert world.noticed(NoticeKind.SKIPPED_LATE) == ["2024-01-05 04:00:00"]
    assert engine.counts[NoticeKind.SKIPPED_LATE] == 1
    entry = world.store.journal(world.spec.key, world.hour(FIRST), world.hour(FIRST + 1))[0]
    assert entry.candle is None
    assert json.loads(entry.notes)["skipped"].startswith("SKIPPED_LATE")
    assert "first_ms" not in json.loads(entry.notes)
    world.hidden = set()
    again = world.engine()  # a restart does not go back to it either
    for one in (engine, again):
        world.run(one, range(FIRST + 2, FIRST + 3))
        assert world.hours == [FIRST + 1]
    assert world.noticed(NoticeKind.CAME_LATE) == ["2024-01-05 04:00:00: it is not decided on any more"]


def test_bars_that_are_given_up_together_have_one_entry_that_says_from_when_on(world: ExchangeWorld) -> None:
    """It stands at the last of them; the one that closed just now is still waited for, and given up by itself."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 1))
    world.hidden = {FIRST, FIRST + 1, FIRST + 2}
    world.run(engine, range(FIRST + 3, FIRST + 4))
    both, alone = world.store.journal(world.spec.key, world.hour(FIRST), world.hour(FIRST + 4))
    assert (both.bar_ms, alone.bar_ms) == (world.hour(FIRST + 1), world.hour(FIRST + 2))
    assert json.loads(both.notes)["first_ms"] == world.hour(FIRST)
    assert world.noticed(NoticeKind.SKIPPED_LATE) == ["2024-01-05 04:00:00 and 1 after it", "2024-01-05 06:00:00"]


@pytest.mark.parametrize("policy", [GapPolicy.SKIP, GapPolicy.FILL])
def test_a_gap_bars_entries_or_is_filled(world: ExchangeWorld, policy: GapPolicy) -> None:
    """With skip no entry leaves while the gap is in the warm-up, closes do; with fill flat bars are stepped."""
    start, end = FIRST, FIRST + 70
    holes = {hour for hour in range(start + 5, end) if hour % 22 in (0, 1)}
    world.hidden = holes
    engine = world.engine(policy)
    world.run(engine, range(start, end))
    rows = world.store.rows(10_000)
    refused = [row for row in rows if row.state is RowState.REFUSED]
    opens = [row for row in rows if row.intent == "open" and row.state is not RowState.REFUSED]
    assert opens
    if policy is GapPolicy.FILL:
        assert world.hours == list(range(start, end - 1))
        assert refused == []
        assert engine.counts[NoticeKind.FILLED] == len([h for h in holes if h < end - 1])
        flat = world.watcher.outcomes[world.hours.index(min(holes))].bar
        assert flat.volume[0] == 0
        assert flat.open[0] == flat.close[0] == world.bars.close[min(holes) - 1]
        return
    assert world.hours == [hour for hour in range(start, end - 1) if hour not in holes]
    assert refused
    assert {row.detail.split(":")[0] for row in refused} == {"gap in the candles"}
    barred = {hour + k for hour in holes for k in range(1, WARMUP + 1)}
    assert not {(row.bar_ms - world.hour(0)) // HOUR.length_ms for row in opens} & barred
    assert {(row.bar_ms - world.hour(0)) // HOUR.length_ms for row in refused} <= barred
    closes = {(row.bar_ms - world.hour(0)) // HOUR.length_ms for row in rows if row.intent == "close"}
    assert closes & barred
    assert len(world.noticed(NoticeKind.BARRED)) == len(world.noticed(NoticeKind.ALLOWED)) >= 2


def test_a_restart_knows_of_the_gap(world: ExchangeWorld) -> None:
    """An engine that begins with a hole in its warm-up says so and enters nothing until it has gone."""
    world.hidden = {FIRST - 3}
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 12))
    assert len(world.noticed(NoticeKind.BARRED)) == len(world.noticed(NoticeKind.ALLOWED)) == 1


def test_a_changed_candle_is_counted_and_changes_no_decision(world: ExchangeWorld) -> None:
    """A close that the exchange corrects an hour later is named once, with both; what was decided stays."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 10))
    before = decided(world)
    was = float(world.bars.close[FIRST + 8])
    world.spoil("close", FIRST + 8, was + 0.01)
    world.spoil("high", FIRST + 8, float(world.bars.high[FIRST + 8]) + 1)
    world.run(engine, range(FIRST + 10, FIRST + 13))
    (said,) = world.noticed(NoticeKind.REVISED)
    assert f"{was:.10g}" in said
    assert f"{was + 0.01:.10g}" in said
    assert engine.counts[NoticeKind.REVISED] == 1
    assert {hour: moves for hour, moves in decided(world).items() if hour in before} == before
    assert world.hours == list(range(FIRST, FIRST + 12))


@pytest.mark.parametrize(
    ("column", "value"),
    [("low", 1e9), ("close", -1.0), ("volume", -1.0), ("open", float("nan")), ("high", float("inf"))],
)
def test_a_broken_candle_puts_its_series_into_quarantine_until_it_is_whole(
    world: ExchangeWorld, column: str, value: float
) -> None:
    """Nothing is decided on it; it is said once; when the candle is whole, it and those after it are stepped."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 2))
    world.spoil(column, FIRST + 1, value)
    world.run(engine, range(FIRST + 2, FIRST + 5))
    assert world.hours == [FIRST]
    assert len(world.noticed(NoticeKind.QUARANTINED)) == 1
    world.bars = world.truth
    world.run(engine, range(FIRST + 5, FIRST + 6))
    assert world.hours == list(range(FIRST, FIRST + 5))
    assert len(world.noticed(NoticeKind.WHOLE)) == 1


@pytest.mark.parametrize("fault", ["double", "off the grid"])
def test_times_that_are_no_grid_are_quarantined(world: ExchangeWorld, fault: str) -> None:
    """A second candle of one hour, or one that opens beside the grid, stops the series, visibly."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 2))
    times = world.bars.time.copy()
    if fault == "double":
        times[FIRST + 2] = world.hour(FIRST + 1)
    else:
        times[FIRST + 1] += 1
    world.bars = type(world.bars)(HOUR, times, *world.bars.columns())
    world.run(engine, range(FIRST + 2, FIRST + 3))
    assert len(world.noticed(NoticeKind.QUARANTINED)) == 1
    assert world.hours == [FIRST]
    world.bars = world.truth
    world.run(engine, range(FIRST + 3, FIRST + 4))
    assert world.hours == [FIRST, FIRST + 1, FIRST + 2]


def test_a_past_candle_that_breaks_does_not_stop_new_ones(world: ExchangeWorld) -> None:
    """What was decided on already cannot hold up what comes."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 4))
    world.spoil("low", FIRST + 2, 1e9)
    world.run(engine, range(FIRST + 4, FIRST + 6))
    assert world.hours == list(range(FIRST, FIRST + 5))


def test_a_clock_that_is_off_warns_and_then_stops_entries(world: ExchangeWorld) -> None:
    """Over half a second is said once; over two, entries are refused and closes are not; then it is well again."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 2))
    world.off_ms = 700
    world.run(engine, range(FIRST + 2, FIRST + 4))
    assert len(world.noticed(NoticeKind.SKEW)) == 1
    world.off_ms = -2_500
    world.run(engine, range(FIRST + 4, FIRST + 50))
    rows = world.store.rows(10_000)
    late = [row for row in rows if row.bar_ms >= world.hour(FIRST + 4)]
    assert {row.state for row in late if row.intent == "open"} == {RowState.REFUSED}
    assert all("clock off" in row.detail for row in late if row.intent == "open")
    world.off_ms = 0
    world.run(engine, range(FIRST + 50, FIRST + 52))
    assert len(world.noticed(NoticeKind.SKEW_OVER)) == 1


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_of_the_clock_is_said_and_loses_nothing(world: ExchangeWorld, hours: int) -> None:
    """Our clock an hour forward or back: said once; every candle is stepped once, by the exchange's time."""
    engine = world.engine(limits=Limits())
    world.run(engine, range(FIRST, FIRST + 3))
    world.clock.wall_ms += hours * 3_600_000
    world.off_ms = hours * 3_600_000
    world.run(engine, range(FIRST + 3, FIRST + 6))
    (said,) = world.noticed(NoticeKind.JUMP)
    assert said.startswith(f"by 3600.0 s {'forward' if hours > 0 else 'back'}")
    assert world.hours == list(range(FIRST, FIRST + 5))


def test_an_outage_of_hours_is_caught_up(world: ExchangeWorld) -> None:
    """After six hours without an answer every missed candle is stepped, none is skipped."""
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 2))
    world.server.trouble(world.outage())
    world.run(engine, range(FIRST + 2, FIRST + 8))
    assert world.hours == [FIRST]
    world.server.heal()
    world.run(engine, range(FIRST + 8, FIRST + 9))
    assert world.hours == list(range(FIRST, FIRST + 8))
    assert world.watcher.notices == []


def test_a_sparse_market_is_read_from_further_back(world: ExchangeWorld) -> None:
    """Where three of four hours rest, a start looks further back until the warm-up is there."""
    world.hidden = {hour for hour in range(1_500) if hour % 4}
    engine = world.engine()
    world.run(engine, range(FIRST, FIRST + 9))
    world.watcher.resumed.clear()
    again = world.engine()
    world.run(again, range(FIRST + 9, FIRST + 10))
    assert len(world.watcher.resumed) == 1
    assert len(again.sessions[0].bars) > WARMUP
    assert np.all(np.diff(again.sessions[0].bars.time) > 0)


def test_a_route_that_waits_for_its_exchange_holds_up_no_other(tmp_path: Path) -> None:
    """While one symbol's candles hang for three seconds, the other's are decided on in the same second."""
    now = SAMPLE_START_MS + 100 * HOUR.length_ms + 1_000
    clock, watcher = HandClock(now), Watcher()
    rule = read_rule(SPOT, "rule")
    specs = [RouteSpec(symbol, symbol, rule) for symbol in ("BTC/USD", "ETH/USD")]

    async def waiting(server: ExchangeServer, store: SqlStore) -> list[str]:
        market = CcxtMarket("coinbaseexchange", coinbase_options(server.url), clock_seconds=0)
        engine = LiveEngine(specs, {"": market}, store, Costs(), clock, watcher, lambda: None)
        await engine.tick()
        server.trouble(Trouble("BTC-USD", delay_s=3))
        clock.wall_ms += HOUR.length_ms
        begun = time.monotonic()
        await engine.tick()
        assert time.monotonic() - begun < 2.5
        first = [outcome.bar.time[0] for outcome in watcher.outcomes]
        assert len(first) == 1
        while len(watcher.outcomes) < 2:
            assert time.monotonic() - begun < 20
            await engine.tick()
        engine.stop()
        await market.close()
        return watcher.waits

    with ExchangeServer(now_ms=lambda: clock.wall_ms) as server:
        store = SqlStore(tmp_path / "other.db", clock=clock)
        assert asyncio.run(waiting(server, store)) == []
        store.close()
