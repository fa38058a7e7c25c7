"""A decision as a value; and an entry undone whose message never arrived."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.decisions.account import drop_entry
from engine.decisions.compiled import machine
from engine.decisions.path import drop_order
from engine.decisions.records import Move, OrderType, Reason
from engine.decisions.state import Records, State


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at the close of the bar that opened at `time_ms`, and why; None for what it does not have.

    `row` is the rule's bar that it belongs to; with `watched`, it was decided at the close of a finer candle.
    `order_ms` names the entry that it is about, by the bar on which that was decided, and `side` its side.
    """

    time_ms: int
    move: Move
    reason: Reason
    close: float
    size: float | None
    take_profit: float | None
    stop_loss: float | None
    price: float | None = None
    row: int = 0
    watched: bool = False
    order_ms: int = 0
    side: int = 0


_NO_ORDER = int(OrderType.NONE)
_MOVES, _REASONS = {int(move): move for move in Move}, {int(reason): reason for reason in Reason}


def decisions_of(records: Records) -> list[Decision]:
    """Give the machine's records as values."""
    return [
        Decision(
            time, _MOVES[move], _REASONS[reason], close, _known(size), _known(take_profit), _known(stop_loss),
            _known(price), row, bool(watched), order, side,
        )
        for time, row, watched, move, reason, close, size, price, take_profit, stop_loss, order, side in records.tolist()
    ]  # fmt: skip


def void_entry(state: State, decided_ms: int) -> bool:
    """Undo the entry that was decided on the bar of `decided_ms`: its message never arrived.

    Whether it still waits or is already believed to be filled; any other entry stays. Gives whether there was anything
    to undo: a position that is already believed to be closed again is not.
    """
    return bool(_undo(state, decided_ms))


@machine
def _undo(state: State, decided: int) -> bool:
    for side in (1, -1):
        order = state.orders[0 if side > 0 else 1]
        if order.type != _NO_ORDER and order.decided == decided:
            drop_order(state, side)
            return True
    return drop_entry(state, decided)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
