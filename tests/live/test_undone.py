"""Entries that came to nothing are undone, each of them and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.decisions import state_from_json
from engine.delivery import Intent, Row, RowState
from engine.live import LiveEngine
from engine.rules import read_rule
from tests.live.test_engine import Watcher, World

PYRAMID = """\
name: pyramid
market: futures
timeframe: 1h
long: {enter: "close > 0"}
pyramiding: 3
order: {size: {percent: 10}}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def begin(world: World, rule: str) -> tuple[LiveEngine, Watcher]:
    world.rule = read_rule(rule, "rule")
    return world.engine()


def step(world: World, engine: LiveEngine, hour: int) -> None:
    world.to(hour)
    asyncio.run(engine.tick())


def held(engine: LiveEngine) -> int:
    return int(state_from_json(engine.sessions[0].state).position["entries"][0])


def become(world: World, row: Row, state: RowState) -> None:
    assert world.store.resolve(row, state, "test", 0)


def test_an_entry_that_is_said_not_to_have_arrived_is_undone_behind_a_newer_one(world: World) -> None:
    """Its message was in doubt while another was decided and expired: the older one counts all the same."""
    engine, _ = begin(world, PYRAMID)
    for hour in range(2):
        step(world, engine, hour)
    first = world.store.rows()[0]
    sending = world.store.begin_attempt(first, 0)
    assert sending is not None
    become(world, sending, RowState.UNKNOWN)
    for hour in range(2, 4):
        step(world, engine, hour)
    newer = [row for row in world.store.rows() if row.seq > first.seq]
    assert RowState.EXPIRED in {row.state for row in newer}
    assert held(engine) == 1
    become(world, world.store.rows()[0], RowState.REJECTED)
    step(world, engine, 4)
    assert held(engine) == 0


def test_a_close_by_hand_ends_every_entry_of_the_position(world: World) -> None:
    """Entries that added up are all closed by it; what is opened after it stands."""
    engine, watcher = begin(world, PYRAMID)
    for hour in range(5):
        step(world, engine, hour)
        world.acknowledge()
    assert held(engine) == 3
    route = engine.sessions[0].route
    record = world.store.route(route)
    assert record is not None
    close = Row(0, route, "main", Intent.CLOSE, RowState.PENDING, "mine", '{"action":"closeLong"}', 0, by_hand=True)
    world.store.commit_bar(record, [close])
    world.acknowledge()
    step(world, engine, 5)
    assert held(engine) == 0
    assert len(watcher.voids) == 3
    world.acknowledge()
    step(world, engine, 6)
    assert held(engine) == 1


def test_belief_is_asked_about_only_where_a_message_of_the_route_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled stays so until somebody changes it."""
    engine, _ = begin(world, PYRAMID.replace("pyramiding: 3", "pyramiding: 1"))
    asked: list[str] = []
    openings = world.store.openings

    def told(route: str, bars_ms: Sequence[int]) -> list[Row]:
        asked.append(route)
        return openings(route, bars_ms)

    monkeypatch.setattr(world.store, "openings", told)
    counts = []
    for hour in range(8):
        if hour == 2:
            (row,) = world.store.rows()
            assert world.store.begin_attempt(row, 0) is not None
        if hour == 5:
            world.acknowledge()
        asked.clear()
        step(world, engine, hour)
        counts.append(len(asked))
    assert counts == [0, 0, 1, 1, 0, 1, 0, 0]  # at 3 it has filled
    assert held(engine) == 1
