"""A decision as a value; and an entry undone whose message never arrived."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.decisions.account import drop_entry
from engine.decisions.compiled import machine
from engine.decisions.path import drop_order
from engine.decisions.records import DECISION, Move, OrderType, Reason
from engine.decisions.state import Records, State
from engine.rules.position import PositionField


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at the close of the bar that opened at `time_ms`, and why; None for what it does not have.

    `row` is the rule's bar that it belongs to; with `watched`, it was decided at the close of a finer candle.
    `order_ms` names the entry that it is about, by the bar on which that was decided, and `side` its side.
    `position` is what `position.*` was, na as NaN.
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
    position: Mapping[PositionField, float] = field(default_factory=dict, compare=False, repr=False)


def entry_name(time_ms: int, *, watched: bool) -> int:
    """Give the name that an entry has in the machine: the open time of the candle at whose close it was decided.

    That of a finer candle is 1 ms more, since the first one of a bar opens with it.
    """
    return time_ms + watched


_MOVES, _REASONS = {int(move): move for move in Move}, {int(reason): reason for reason in Reason}
_NO_ORDER = int(OrderType.NONE)
_FIELDS = DECISION.names or ()


def decisions_of(records: Records) -> list[Decision]:
    """Give the machine's records as values."""
    return [_value(dict(zip(_FIELDS, record, strict=True))) for record in records.tolist()]


def _value(of: dict[str, Any]) -> Decision:
    held, close = of["held"], of["close"]
    position = {
        PositionField.SIDE: float(held),
        PositionField.ENTRY_PRICE: of["entry_price"] if held else math.nan,
        PositionField.BARS: float(of["bars"]) if held else math.nan,
        PositionField.PROFIT_PERCENT: 100 * held * (close / of["entry_price"] - 1) if held else math.nan,
        PositionField.BARS_SINCE_EXIT: float(of["bars_since_exit"]) if of["bars_since_exit"] >= 0 else math.nan,
    }
    return Decision(
        time_ms=of["time"],
        move=_MOVES[of["move"]],
        reason=_REASONS[of["reason"]],
        close=close,
        size=_known(of["size"]),
        take_profit=_known(of["take_profit"]),
        stop_loss=_known(of["stop_loss"]),
        price=_known(of["price"]),
        row=of["row"],
        watched=bool(of["watched"]),
        order_ms=of["order"],
        side=of["side"],
        position=position,
    )


def void_entry(state: State, decided_ms: int) -> bool:
    """Undo the entry that was decided on the bar of `decided_ms`: its message never arrived.

    Whether it still waits or is already believed to be filled; any other entry stays. Gives whether there was anything
    to undo: a position that is already believed to be closed again is not.
    """
    return bool(_undo(state.record, decided_ms))


@machine
def _undo(records: Records, decided: int) -> bool:
    state = records[0]
    for side in (1, -1):
        order = state.orders[0 if side > 0 else 1]
        if order.type != _NO_ORDER and order.decided == decided:
            drop_order(state, side)
            return True
    return drop_entry(state, decided)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
