"""The journal of a rule with `watch` against the backtester."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.adapters.sample_market import SampleMarket
from engine.app.audit import Cause
from engine.delivery import Intent, Row, RowState
from engine.market import Bars, Timeframe
from tests.app.test_audit import HOUR, World, causes

RULE = """\
name: breakout
market: futures
timeframe: 1h
watch: 15m
define: {fast: "ta.sma(close, 3)", slow: "ta.sma(close, 8)"}
long: {enter: "fast > slow", order: {price: high}}
short: {enter: "fast < slow", order: {price: low}}
trailing: {percent: 0.5}
stop_loss: {percent: 2}
order: {type: stop, size: {percent: 20}, expire_bars: 5}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.rule(RULE)
    made.step = Timeframe.parse("15m")
    return made


def test_what_was_decided_inside_of_bars_is_what_the_backtest_decides(world: World) -> None:
    """Over restarts inside of bars, and quarters asleep: what was seen before a restart is not decided on again."""
    world.run(range(130))
    world.run(range(131, 250))
    world.run(range(252, 541))  # ends in the midst of a bar
    report = world.audit()
    assert report.differences == []
    assert report.bars == 135
    assert report.decisions > 30


def test_an_entry_inside_of_a_bar_that_did_not_arrive_is_named(world: World) -> None:
    """It was decided at a quarter, and undone at the next: the rest is replayed without it."""
    lost: list[int] = []

    def becomes(row: Row) -> RowState:
        if row.deadline_ms is not None and row.bar_ms % HOUR.length_ms and len(lost) < 1:
            lost.append(row.bar_ms)
            return RowState.REJECTED
        return RowState.ACKNOWLEDGED

    world.run(range(400), becomes)
    report = world.audit()
    assert causes(report) == {Cause.REJECTED}
    assert report.differences[0].bar_ms == HOUR.floor(lost[0])
    assert report.unexplained == 0


def test_an_entry_inside_of_a_bar_that_a_limit_held_back_is_named(world: World, tmp_path: Path) -> None:
    """While entries are stopped, each that would have been sent is told, and believed by nobody."""
    stop = tmp_path / "stop"
    stop.touch()
    world.run(range(200), stop_file=stop)
    stop.unlink()
    world.run(range(200, 400), stop_file=stop)
    report = world.audit()
    assert causes(report) == {Cause.REFUSED}
    assert any(d.bar_ms % HOUR.length_ms == 0 and d.detail.startswith("entries stopped") for d in report.differences)


def test_an_entry_at_the_first_quarter_has_a_name_of_its_own(world: World) -> None:
    """Where it was rejected it alone is undone, not the order that its bar's close decides: both open at one time."""

    def becomes(row: Row) -> RowState:
        first_quarter = HOUR.floor(row.bar_ms) // 1_000 == row.bar_ms // 1_000
        return RowState.REJECTED if row.intent is Intent.OPEN and first_quarter else RowState.ACKNOWLEDGED

    world.run(range(700), becomes)
    store = world.store
    (route,) = (record.route for record in store.routes())
    rejected = [row.client_order_id for row in store.rows(10_000) if row.state is RowState.REJECTED]
    notes = [json.loads(entry.notes) for entry in store.journal(route, 0, 2**60) if entry.notes]
    events = [*notes, *(event for of in notes for event in of.get("inside", {}).get("events", []))]
    store.close()
    undone = [one["id"] for of in events for one in of.get("undone", [])]
    assert len(rejected) > 3
    assert sorted(undone) == sorted(rejected)
    assert world.audit().unexplained == 0


class Holes(SampleMarket):
    """Lacks some hours, and none of their quarters."""

    missing: frozenset[int] = frozenset()

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        bars = await super().closed_bars(symbol, timeframe, since_ms, now_ms)
        kept = [i for i, time in enumerate(bars.time.tolist()) if timeframe != HOUR or time not in self.missing]
        return Bars(timeframe, bars.time[kept], *(column[kept] for column in bars.columns()))


class HolesWorld(World):
    """Each sixth hour never comes, and the one after each thirtieth neither."""

    step = Timeframe.parse("15m")

    def market(self) -> SampleMarket:
        market = Holes(self.clock)
        market.missing = frozenset(
            HOUR.shift(self.start, hour) for hour in range(120) if hour % 6 == 4 or hour % 30 == 5
        )
        return market


def test_what_was_seen_inside_of_a_bar_that_was_given_up_is_replayed(tmp_path: Path) -> None:
    """Its quarters met orders before anyone knew that it would not come: the journal keeps them, the audit too."""
    world = HolesWorld(tmp_path)
    world.rule(RULE)
    world.run(range(4 * 50 + 2))
    world.run(range(4 * 50 + 2, 4 * 101))
    store = world.store
    (route,) = (record.route for record in store.routes())
    skipped = [json.loads(e.notes) for e in store.journal(route, 0, 2**60) if "skipped" in e.notes]
    store.close()
    assert len([notes for notes in skipped if notes.get("inside", {}).get("events")]) > 2
    report = world.audit(offline=True)
    assert report.unexplained == 0
    assert causes(report) == {Cause.LATE, Cause.REFUSED}  # no entry leaves while the gap is in the warm-up
