"""A day down, and the same position afterwards: the real engine, store and ccxt class against loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.decisions import Costs
from engine.delivery import RowState
from engine.live import Session
from tests.live.exchange_world import FIRST, ExchangeWorld

LEFT, BACK, END = FIRST + 30, FIRST + 54, FIRST + 70  # it leaves with a position that would have been closed meanwhile


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExchangeWorld]:
    made = ExchangeWorld(tmp_path)
    yield made
    made.close()


def uninterrupted(world: ExchangeWorld, lost: set[str]) -> tuple[list[str], str]:
    """Ids of the messages, and the state, of a session that was never down; entries that were `lost` are undone."""
    spec = world.spec
    session = Session(
        "r", "main", spec.rule, world.loop.run_until_complete(world.market.instrument(spec.symbol)), Costs()
    )
    session.restore(world.bars[FIRST - session.window : FIRST])
    ids: list[str] = []
    undo: list[int] = []
    for hour in range(FIRST, END - 1):
        for bar_ms in undo:
            session.void_entry(bar_ms)
        outcome = session.step(world.bars[hour : hour + 1])
        ids += [row.client_order_id for row in outcome.rows]
        undo = [row.bar_ms for row in outcome.rows if row.client_order_id in lost]
    return ids, session.state


def test_after_a_day_down_the_position_is_that_of_an_uninterrupted_run(world: ExchangeWorld) -> None:
    """Every missed bar is stepped, closes are sent, entries past their lifetime are EXPIRED, and the rest is equal."""
    first = world.engine()
    world.run(first, range(FIRST, LEFT))
    before = len(world.store.rows(1_000))
    second = world.engine()
    world.run(second, range(BACK, END))
    assert world.hours == list(range(FIRST, END - 1))
    assert world.watcher.notices == []
    rows = world.store.rows(1_000)
    missed = [row for row in rows[before:] if row.bar_ms < world.hour(BACK - 1)]
    assert {"open", "close"} <= {row.intent for row in missed}
    opens = [row for row in missed if row.intent == "open"]
    assert {row.state for row in opens} == {RowState.EXPIRED}
    assert all(row.state is RowState.ACKNOWLEDGED for row in rows if row.intent == "close")
    assert all(row.detail for row in opens)
    ids, state = uninterrupted(world, {row.client_order_id for row in opens})
    assert [row.client_order_id for row in rows] == ids
    assert json.loads(second.sessions[0].state) == json.loads(state)
