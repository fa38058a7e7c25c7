"""Safety limits in the running engine: what is refused is never believed, and closes go out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from engine.adapters.clocks import SteppedClock
from engine.adapters.sql_store import SqlStore
from engine.decisions import Costs
from engine.delivery import Command, Intent, Row, RowState, Word
from engine.live import Guard, LiveEngine, RouteSpec, carry_out_all
from engine.live.safety import Limit, Limits
from engine.ports import MarkKind
from engine.rules import read_rule
from tests.live.test_engine import HOUR, RULE, SYMBOL, FlakyMarket, Watcher, World, until_decided

OTHER = RULE.replace("name: swing", "name: other")


def guarded(world: World, limits: Limits, stop_file: Path | None = None, rules: int = 1) -> tuple[LiveEngine, Watcher]:
    watcher = Watcher()
    texts = [RULE, OTHER][:rules]
    specs = [RouteSpec(SYMBOL, f"c{i}", read_rule(text, "rule")) for i, text in enumerate(texts)]
    guard = Guard(limits, world.store, world.clock, specs, stop_file)
    engine = LiveEngine(
        specs, {"": world.market}, world.store, Costs(), world.clock, watcher, lambda: None, guard=guard
    )
    return engine, watcher


def tick(world: World, engine: LiveEngine, hours: range) -> None:
    for hour in hours:
        world.to(hour)
        asyncio.run(engine.tick())
        world.acknowledge()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.store.close()
    made.store = SqlStore(tmp_path / "state.db", clock=made.clock)
    return made


def test_a_refused_entry_is_never_believed_and_shown_as_refused(world: World, tmp_path: Path) -> None:
    """Its row is REFUSED with the limit's name, the state has neither position nor order, the journal tells it."""
    stop = tmp_path / "stop"
    stop.touch()
    engine, watcher = guarded(world, Limits(), stop)
    until_decided(world, engine, watcher)
    (row,) = world.store.rows()
    assert row.state is RowState.REFUSED
    assert row.detail == f"entries stopped: the file {stop} is there"
    record = world.store.route(row.route)
    assert record is not None
    state = json.loads(record.state)
    assert state["position"]["side"] == 0
    assert [order["type"] for order in state["orders"]] == [0, 0]
    (entry,) = world.store.journal(row.route, row.bar_ms, row.bar_ms + 1)
    notes = json.loads(entry.notes)
    assert notes["refused"] == row.detail
    assert "sent" not in notes
    assert notes["decided"][0]["move"].startswith("OPEN")


def test_refused_for_long_nothing_is_ever_opened_or_closed(world: World, tmp_path: Path) -> None:
    """Where no entry is let through there is never a position, so no close either."""
    stop = tmp_path / "stop"
    stop.touch()
    engine, _ = guarded(world, Limits(), stop)
    tick(world, engine, range(120))
    assert {row.state for row in world.store.rows(1000)} == {RowState.REFUSED}
    assert engine.sessions[0].side == 0


def test_a_close_goes_out_while_entries_are_stopped(world: World, tmp_path: Path) -> None:
    """A position that was opened before is closed by its rule as ever; the reversal's entry is refused."""
    engine, watcher = guarded(world, Limits(), stop := tmp_path / "stop")
    hour = until_decided(world, engine, watcher)
    world.acknowledge()
    stop.touch()
    tick(world, engine, range(hour, 200))
    rows = world.store.rows(1000)
    closes = [row for row in rows if row.intent is Intent.CLOSE]
    assert [row.state for row in closes] == [RowState.ACKNOWLEDGED]
    assert {row.state for row in rows if row.intent is Intent.OPEN} == {RowState.ACKNOWLEDGED, RowState.REFUSED}
    assert engine.sessions[0].side == 0


def test_a_stop_by_command_holds_over_restarts_until_it_is_released(world: World) -> None:
    """Asked is enough; a new process finds it; allow-entries ends it."""
    world.store.ask(Command(Word.STOP_ENTRIES, world.clock.now_ms(), reason="news"))
    first, watcher = guarded(world, Limits())
    hour = until_decided(world, first, watcher)
    assert "by command at" in world.store.rows()[-1].detail
    assert world.store.rows()[-1].detail.endswith("UTC: news")
    carry_out_all(world.store, {"c0"}, world.clock, lambda row, step: None)
    second, _ = guarded(world, Limits())
    tick(world, second, range(hour, 60))
    assert {row.state for row in world.store.rows(1000)} == {RowState.REFUSED}
    world.store.ask(Command(Word.ALLOW_ENTRIES, world.clock.now_ms()))
    carry_out_all(world.store, {"c0"}, world.clock, lambda row, step: None)
    third, _ = guarded(world, Limits())
    tick(world, third, range(60, 120))
    assert RowState.ACKNOWLEDGED in {row.state for row in world.store.rows(1000)}


def test_a_stop_ends_the_entries_that_wait(world: World) -> None:
    """An opening that was not sent yet is ended by the command, and undone at the next bar."""
    engine, watcher = guarded(world, Limits())
    hour = until_decided(world, engine, watcher)
    world.store.ask(Command(Word.STOP_ENTRIES, 0))  # however old
    carry_out_all(world.store, {"c0"}, world.clock, lambda row, step: None)
    assert [row.state for row in world.store.rows()] == [RowState.EXPIRED]
    tick(world, engine, range(hour, hour + 1))
    assert [row.client_order_id for row in watcher.voids] == [world.store.rows()[0].client_order_id]


def test_open_positions_are_counted_over_all_routes(world: World) -> None:
    """With room for one, the second of two equal routes is refused; when the first has left, there is room again."""
    engine, _ = guarded(world, Limits(open_positions=1), rules=2)
    tick(world, engine, range(150))
    held = 0
    for row in world.store.rows(1000):
        if row.state is RowState.REFUSED:
            assert row.detail == "open positions: 1 are open, and 1 are allowed"
    assert sum(row.state is RowState.REFUSED for row in world.store.rows(1000)) > 5
    opened = [row for row in world.store.rows(1000) if row.state is RowState.ACKNOWLEDGED]
    for row in opened:
        held += {Intent.OPEN: 1, Intent.CLOSE: -1}.get(row.intent, 0)
    assert sum(s.side != 0 for s in engine.sessions) <= 1
    assert len(opened) > 5


def test_messages_an_hour_are_counted_by_what_was_sent(world: World) -> None:
    """What was refused or expired does not count; what was sent does, closes too, for an hour."""
    engine, _ = guarded(world, Limits(messages_an_hour=1))
    tick(world, engine, range(200))
    rows = world.store.rows(1000)
    refused = [row for row in rows if row.state is RowState.REFUSED]
    assert refused  # the entry of a reversal: its close is one message already
    assert {row.detail.partition(":")[0] for row in refused} == {"messages an hour"}
    assert any("0 were sent in the last hour and 2 would be now" in row.detail for row in refused)
    assert any(row.intent is Intent.OPEN and row.state is RowState.ACKNOWLEDGED for row in rows)


def test_a_days_loss_refuses_entries_also_after_a_restart(world: World) -> None:
    """The day's first equity is kept; a new process knows the loss of the day it is started in."""
    limits = Limits(day_loss_amount=0.01)
    engine, _ = guarded(world, limits)
    for hour in range(400):
        tick(world, engine, range(hour, hour + 1))
        if any(row.state is RowState.REFUSED for row in world.store.rows(3)):
            break
    refused = world.store.rows(1)[-1]
    assert refused.detail.startswith("day loss: ")
    again = Guard(limits, world.store, world.clock, [RouteSpec(SYMBOL, "c0", world.rule)])
    first, now = engine._stepper._guard.book.equity(refused.bar_ms)
    assert again.book.equity(refused.bar_ms) == pytest.approx((first, now))
    assert first - now >= 0.01
    later = refused.bar_ms + 86_400_000
    assert again.book.equity(later) == pytest.approx((now, now))  # the next day begins with what is there


def test_a_candle_that_is_too_old_opens_nothing(world: World) -> None:
    """Decided half a minute after its close, an entry within its lifetime is still refused where 20 s are allowed."""
    engine, watcher = guarded(world, Limits(stale_ms=20_000))
    hour = 0
    while not watcher.messages:
        world.to(hour)
        world.clock.step_to(world.clock.now_ms() + 30_000)
        asyncio.run(engine.tick())
        hour += 1
    assert world.store.rows()[0].state is RowState.REFUSED
    assert world.store.rows()[0].detail.startswith(f"{Limit.STALE}: the candle of swing")


def test_what_is_too_late_anyway_expires_and_is_not_refused(world: World, tmp_path: Path) -> None:
    """After downtime an entry past its lifetime is shown as EXPIRED: that is what kept it from being sent."""
    stop = tmp_path / "stop"
    engine, _ = guarded(world, Limits(), stop)
    asyncio.run(engine.tick())
    stop.touch()
    world.to(60)
    asyncio.run(engine.tick())
    states = [row.state for row in world.store.rows(1000) if row.intent is Intent.OPEN]
    assert set(states[:-1]) == {RowState.EXPIRED}


@pytest.mark.parametrize("skew_ms", [-3_000, 3_000])
def test_a_clock_that_is_off_opens_nothing(world: World, skew_ms: int) -> None:
    """Beyond what is allowed, entries are refused and say by how much."""
    world.clock = SteppedClock(world.start + skew_ms)
    world.market = FlakyMarket(SteppedClock(world.start))
    engine, watcher = guarded(world, Limits(clock_ms=2_000))
    hour = 0
    while not watcher.messages:
        market_ms = HOUR.shift(world.start, hour) + 1_000
        world.market.clock.step_to(market_ms)
        world.clock.step_to(market_ms + skew_ms)
        asyncio.run(engine.tick())
        hour += 1
    assert world.store.rows()[0].detail.startswith("clock off: ours is")


def test_after_a_refusal_a_close_by_hand_still_ends_the_position_before_it(world: World, tmp_path: Path) -> None:
    """The refused entry is no opening: what a person closes is the position that was there."""
    engine, watcher = guarded(world, Limits(), stop := tmp_path / "stop")
    hour = until_decided(world, engine, watcher)
    world.acknowledge()
    opening = world.store.rows()[0]
    stop.touch()
    while not any(row.state is RowState.REFUSED for row in world.store.rows()):
        tick(world, engine, range(hour, hour + 1))
        hour += 1
    refused = next(row for row in world.store.rows() if row.state is RowState.REFUSED)
    assert world.store.openings(opening.route, [opening.bar_ms, refused.bar_ms]) == [opening]


def test_a_stop_file_that_cannot_be_looked_for_stops_entries_and_no_close(world: World, tmp_path: Path) -> None:
    """Nobody can tell whether it is there: entries are refused with the reason; the engine goes on."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    engine, watcher = guarded(world, Limits(), loop / "stop")
    until_decided(world, engine, watcher)
    (row,) = world.store.rows()
    assert row.state is RowState.REFUSED
    assert "cannot be looked for: Too many levels of symbolic links" in row.detail


def test_the_journal_is_packed_and_forgotten_while_the_engine_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stretch a tick; after each month a mark with candles is made, and what is older than kept goes."""
    monkeypatch.setattr("engine.adapters.sql_journal.CHUNK", 48)
    monkeypatch.setattr("engine.live.stepper.MONTH_MS", 3 * 86_400_000)
    specs = [RouteSpec(SYMBOL, "c0", world.rule)]
    engine = LiveEngine(
        specs, {"": world.market}, world.store, Costs(), world.clock, Watcher(), lambda: None, kept_ms=5 * 86_400_000
    )
    tick(world, engine, range(30 * 24))
    marks = world.store.marks(specs[0].key)
    first = world.store.journal(specs[0].key, 0, 2**60)[0]
    now_ms = world.clock.now_ms()
    assert marks[0].kind is MarkKind.START
    assert 5 * 86_400_000 <= now_ms - marks[0].bar_ms <= 10 * 86_400_000
    assert marks[0].bar_ms - 48 * HOUR.length_ms <= first.bar_ms <= marks[0].bar_ms + HOUR.length_ms


def test_the_opening_of_a_position_is_kept_as_long_as_it_is_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held for longer than anything is kept, its close by hand is noticed all the same."""
    monkeypatch.setattr("engine.live.stepper.MONTH_MS", 86_400_000)
    world.rule = read_rule(
        "name: hold\nmarket: futures\ntimeframe: 1h\nlong: {enter: close > 0}\norder: {size: {percent: 10}}\n", "hold"
    )
    spec = RouteSpec(SYMBOL, "c0", world.rule)
    engine = LiveEngine(
        [spec], {"": world.market}, world.store, Costs(), world.clock, Watcher(), lambda: None, kept_ms=86_400_000
    )
    for hour in range(6 * 24):
        tick(world, engine, range(hour, hour + 1))
        world.acknowledge()
    assert world.store.marks(spec.key)[0].bar_ms < world.store.rows()[0].bar_ms
    assert [engine.sessions[0].side, len(world.store.rows())] == [1, 1]
    record = world.store.route(spec.key)
    assert record is not None
    now_ms = world.clock.now_ms()
    close = Row(0, spec.key, "c0", Intent.CLOSE, RowState.PENDING, "m", '{"action":"closeLong"}', now_ms, by_hand=True)
    world.store.commit_bar(record, [close])
    world.acknowledge()
    tick(world, engine, range(6 * 24, 6 * 24 + 1))
    (opening, by_hand, again) = world.store.rows()
    assert (opening.intent, by_hand.by_hand, again.intent) == (Intent.OPEN, True, Intent.OPEN)
