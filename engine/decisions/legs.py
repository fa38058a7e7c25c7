"""What one exit order closes; and how TradingView makes one leg of each rung of a ladder.

A script writes a ladder as several exits of one entry, each with its limit and its stop: where the stop is met, every
leg that is left closes by itself, as a trade of its own.
"""

from __future__ import annotations

from engine.decisions.account import close_part, sweep_exits, whole_lots
from engine.decisions.compiled import step
from engine.decisions.records import Reason
from engine.decisions.settings import MOST_RUNGS, Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page

_TAKE_PROFIT, _STOP_LOSS = int(Reason.TAKE_PROFIT), int(Reason.STOP_LOSS)


@step
def leg_quantity(settings: Record, one: Record) -> float:
    """Give what an exit order closes: what is held for its entry, or a share of that, in TradingView a lot at least."""
    if one.share >= 100.0:
        return float(one.held)
    share = whole_lots(settings, one.initial * one.share / 100.0)
    if settings.tradingview == 1 and share <= 0.0:
        share = settings.lot
    return float(min(one.held, share))


@step
def rest_quantity(state: State, settings: Record, index: int) -> float:
    """Give how much an exit order closes: in TradingView, the last of a ladder leaves the others what is theirs."""
    one = state.exits[index]
    quantity = leg_quantity(settings, one)
    if settings.tradingview == 0 or one.share < 100.0:
        return float(quantity)
    for k in range(state.position[0].exits):
        other = state.exits[k]
        same = other.decided == one.decided and other.side == one.side and other.reason == one.reason
        if same and k != index and other.done == 0:
            quantity -= leg_quantity(settings, other)
    return float(max(quantity, 0.0))


@step
def foresee_legs(state: State, decided: int, side: int, quantity: float) -> None:
    """Tell the exits of an entry that waits how much it is for: TradingView takes their shares of that."""
    for k in range(state.position[0].exits):
        one = state.exits[k]
        if one.decided == decided and one.side == side and one.live == 0:
            one.initial = quantity


@step
def take_from_entry(state: State, decided: int, quantity: float, sent: int) -> None:
    """Let the other exits of an entry close so much less."""
    for k in range(state.position[0].exits):
        other = state.exits[k]
        # What the engine only saw is closed later: until then the platform's own orders stand as they are.
        if other.decided == decided and other.live == 1 and (sent == 1 or other.sent == 0):
            other.held -= quantity
    sweep_exits(state)


@step
def drop_other_half(state: State, settings: Record, index: int) -> None:
    """Where both sides are ladders, let the limit of a leg go with its stop, and the other way round."""
    met = state.exits[index]
    own = settings.sides[0 if met.side > 0 else 1]
    if own.take_profits[1] == 0 or own.stop_losses[1] == 0 or met.reason > _STOP_LOSS:
        return
    for k in range(state.position[0].exits):
        other = state.exits[k]
        same = other.decided == met.decided and other.side == met.side and other.rung == met.rung
        if same and other.reason in (_TAKE_PROFIT, _STOP_LOSS):
            other.done = 1


@step
def close_legs(
    state: State, settings: Record, page: Page, at: Moment, reason: int, price: float, decided: int
) -> float:
    """Close all legs that take-profits make of an entry, but the last; give how much that was."""
    p = state.position[0]
    closed = 0.0
    for _ in range(MOST_RUNGS):
        first, legs = -1, 0
        for k in range(p.exits):
            one = state.exits[k]
            if one.decided == decided and one.live == 1 and one.done == 0 and one.reason == _TAKE_PROFIT:
                legs += 1
                first = k if first < 0 or one.rung < state.exits[first].rung else first
        if legs < 2:
            break
        quantity = min(leg_quantity(settings, state.exits[first]), p.quantity)
        state.exits[first].done = 1
        take_from_entry(state, decided, quantity, 1)
        if quantity > 0.0:
            close_part(state, settings, page, at, reason, price, quantity, False, 1.0, decided)
            closed += quantity
    return closed
