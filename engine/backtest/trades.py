"""Fills, paired into trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.decisions import Move, Reason
from engine.decisions.records import FILL
from engine.decisions.state import Records
from engine.market import Bars


@dataclass(frozen=True, slots=True)
class Trade:
    """A position from its entry to its exit; exit fields are None while it is open.

    Times are open times (ms UTC) of the bars in which it filled. `profit` is net of the fees of both fills, in quote
    currency; `percent` relates it to the entry's value. `bars` counts from the entry's bar to the exit's.
    """

    side: str
    entry_time_ms: int
    entry_price: float
    quantity: float
    exit_time_ms: int | None
    exit_price: float | None
    exit_reason: str | None
    fees: float
    profit: float | None
    percent: float | None
    bars: int


_SIDES = {int(Move.OPEN_LONG): "long", int(Move.OPEN_SHORT): "short"}
_TIME, _REASON, _PRICE, _FEE, _PROFIT = map((FILL.names or ()).index, ("time", "reason", "price", "fee", "profit"))


def trades_of(fills: Records, bars: Bars) -> list[Trade]:
    """Pair each opening fill with the close that follows it; at most the last has none."""
    trades: list[Trade] = []
    index = np.searchsorted(bars.time, fills["time"]).tolist()
    rows = fills.tolist()
    last = len(rows) - 1
    for at, (time, _, move, _, price, quantity, fee, _, _) in enumerate(rows):
        if move not in _SIDES:
            continue
        left = rows[at + 1] if at < last else None
        exit_fee, gross = (left[_FEE], left[_PROFIT]) if left else (0.0, 0.0)
        fees = fee + exit_fee
        profit = gross - fees if left else None
        trades.append(
            Trade(
                side=_SIDES[move],
                entry_time_ms=time,
                entry_price=price,
                quantity=quantity,
                exit_time_ms=left[_TIME] if left else None,
                exit_price=left[_PRICE] if left else None,
                exit_reason=Reason(left[_REASON]).words if left else None,
                fees=fees,
                profit=profit,
                percent=None if profit is None else 100 * profit / (price * quantity),
                bars=(index[at + 1] if left else len(bars) - 1) - index[at],
            )
        )
    return trades
