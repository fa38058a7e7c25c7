"""The compiled machine against one written for this test, and what must hold whatever happens."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import SupportsFloat

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions import Move, advance, new_state, room, state_from_json, state_to_json, void_entry
from engine.decisions.tape import DECISIONS_A_CANDLE, FILLS_A_CANDLE, take, tape_for
from engine.webhook.numbers import to_step
from tests.decisions.play import STEP_MS, columns, fills_of, play
from tests.decisions.play import settings as told
from tests.decisions.scenarios import Scenario, scenarios

SOME = settings(max_examples=100, deadline=None)


def near(actual: float | None, expected: SupportsFloat | None) -> bool:
    if actual is None or expected is None:
        return actual is expected
    return math.isclose(actual, float(expected), rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=300, deadline=None)
@given(scenarios())
def test_reference(scenario: Scenario) -> None:
    """It fills, decides and is worth the same as the reference, at the same bars and for the same reasons."""
    played, reference = play(scenario.columns, scenario.settings, float(scenario.market.capital)), scenario.reference()
    assert [(f.bar, f.move, f.reason) for f in played.fills] == [e[:3] for e in reference.fills]
    assert played.decided == [e[:3] for e in reference.decisions]
    for fill, (*_, price, quantity, fee, profit) in zip(played.fills, reference.fills, strict=True):
        assert all(map(near, (fill.price, fill.quantity, fill.fee, fill.profit), (price, quantity, fee, profit))), fill
    for decision, (*_, size, take_profit, stop_loss) in zip(played.decisions, reference.decisions, strict=True):
        assert near(decision.size, size), decision
        if scenario.market.futures or decision.move is Move.NONE:  # on spot no level travels with the order
            assert near(decision.take_profit, take_profit), decision
            assert near(decision.stop_loss, stop_loss), decision
    assert all(map(near, played.equity, reference.equity))


@SOME
@given(scenarios())
def test_conservation(scenario: Scenario) -> None:
    """No money appears or vanishes: at every close the equity is capital, profits, fees and the open position."""
    capital = float(scenario.market.capital)
    table = scenario.columns
    played = play(table, scenario.settings, capital)
    cash, held, at = capital, None, 0
    for bar, equity in enumerate(played.equity):
        while at < len(played.fills) and played.fills[at].bar == bar:
            fill = played.fills[at]
            cash += fill.profit - fill.fee
            held = fill if fill.move.opens else None
            at += 1
        side = 0 if held is None else (1 if held.move is Move.OPEN_LONG else -1)
        open_profit = side * held.quantity * (table.close[bar] - held.price) if held is not None else 0.0
        assert near(float(equity), cash + open_profit)
    assert near(float(played.state.position["cash"][0]), cash)


@SOME
@given(scenarios())
def test_steps_through_json(scenario: Scenario) -> None:
    """Bar by bar, with the state written to JSON and read again in between, is the loop to the last bit."""
    table, count = scenario.columns, len(scenario.candles)
    loop = play(table, scenario.settings, float(scenario.market.capital))
    state = new_state(float(scenario.market.capital))
    tape, equity = room(count)
    for bar in range(count):
        state = state_from_json(state_to_json(state))
        assert advance(state, scenario.settings, table, bar, bar + 1, tape, equity) == bar + 1
    fills, decisions = tape.fills[: tape.counts[0]], tape.decisions[: tape.counts[1]]
    assert (fills.tobytes(), decisions.tobytes(), equity.tobytes()) == loop.raw
    assert state_to_json(state) == state_to_json(loop.state)


@SOME
@given(scenarios(), st.integers(1, 3), st.integers(1, 3))
def test_full_tape(scenario: Scenario, fills_room: int, decisions_room: int) -> None:
    """It stops before the candle for which its tape has no room, and going on from there changes nothing."""
    table, count = scenario.columns, len(scenario.candles)
    loop = play(table, scenario.settings, float(scenario.market.capital))
    state = new_state(float(scenario.market.capital))
    tape, equity = tape_for(fills_room * FILLS_A_CANDLE, decisions_room * DECISIONS_A_CANDLE), np.empty(count)
    at, seen = 0, [b"", b""]
    while at < count:
        before = at
        at = advance(state, scenario.settings, table, at, count, tape, equity)
        assert at > before
        fills, decisions = take(tape)
        seen[0] += fills.tobytes()
        seen[1] += decisions.tobytes()
    assert (*seen, equity.tobytes()) == loop.raw


@SOME
@given(scenarios(), st.booleans())
def test_void_entry(scenario: Scenario, believed: bool) -> None:
    """Undoing an entry, waiting or believed to be filled, leaves the cash as if it had never been decided."""
    table, count = scenario.columns, len(scenario.candles)
    state = new_state(float(scenario.market.capital))
    equity = np.empty(count)
    for bar in range(count):
        tape, _ = room(1)
        advance(state, scenario.settings, table, bar, bar + 1, tape, equity)
        if not any(Move(d["move"]).opens for d in tape.decisions[: tape.counts[1]]):
            continue
        voided = state.copy()
        assert not void_entry(voided, bar * STEP_MS + 1)
        assert state_to_json(voided) == state_to_json(state)
        expected, side = float(state.position["cash"][0]), int(state.position["side"][0])
        if believed:
            if bar + 1 == count:
                return
            after, _ = room(1)
            advance(voided, scenario.settings, table, bar + 1, bar + 2, after, equity)
            first = fills_of(after.fills[: after.counts[0]])
            if not first:  # on spot a gap has left no money for it
                continue
            if first[-1].move.opens:
                expected += sum(f.profit - f.fee for f in first[:-1])
                side = 0
            else:  # closed again inside its first bar: there is nothing left to undo
                assert not void_entry(voided, bar * STEP_MS)
                continue
        assert void_entry(voided, bar * STEP_MS)
        assert near(float(voided.position["cash"][0]), expected)
        assert int(voided.position["side"][0]) == side
        assert not void_entry(voided, bar * STEP_MS)


@SOME
@given(st.integers(0, 10**6), st.sampled_from(["0.1", "0.01", "0.00001", "0.25", "1", "2.5", "0.005", "1e-8"]))
def test_levels_stand_on_ticks(steps: int, tick: str) -> None:
    """A level is the float nearest to a multiple of the tick, so that it equals the candles' own prices."""
    exact = Decimal(tick) * (steps + 10)
    close = float(exact - 5 * Decimal(tick))
    noisy = float(exact) * (1 + 1e-12)
    table = columns([(close, close, close, close)] * 2, levels={0: (noisy, math.nan)}, long_enter=[0])
    settings_here = told(tick=float(tick), in_percent=False, take_profit=True)
    (decision,) = play(table, settings_here).decisions
    assert decision.take_profit == float(exact)


@SOME
@given(st.integers(1, 10**5), st.sampled_from(["0.1", "0.001", "0.00001", "0.25", "1", "10"]))
def test_amounts_stand_on_lots(lots: int, lot: str) -> None:
    """A fixed amount is decided as the float nearest to a multiple of the lot, which the message writes exactly."""
    exact = Decimal(lot) * lots
    table = columns([(100, 100, 100, 100)], size=float(exact) * (1 - 1e-15), long_enter=[0])
    (decision,) = play(table, told(lot=float(lot), in_percent=False), 1e12).decisions
    assert decision.size is not None
    assert to_step(decision.size, Decimal(lot), down=True) == exact
