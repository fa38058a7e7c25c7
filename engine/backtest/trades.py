"""Fills, paired into trades."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decisions import Move, Reason
from engine.decisions.machine import Records
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


def trades_of(fills: Records, bars: Bars) -> list[Trade]:
    """Pair each opening fill with the close that follows it; at most the last has none."""
    trades: list[Trade] = []
    index = {int(t): i for i, t in enumerate(bars.time)}
    last = len(bars) - 1
    for position, entry in enumerate(fills):
        if not Move(entry["move"]).opens:
            continue
        leave = fills[position + 1] if position + 1 < len(fills) else None
        began = index[int(entry["time"])]
        fees = float(entry["fee"]) + (float(leave["fee"]) if leave is not None else 0.0)
        profit = float(leave["profit"]) - fees if leave is not None else None
        value = float(entry["price"] * entry["quantity"])
        trades.append(
            Trade(
                side="long" if entry["move"] == Move.OPEN_LONG else "short",
                entry_time_ms=int(entry["time"]),
                entry_price=float(entry["price"]),
                quantity=float(entry["quantity"]),
                exit_time_ms=int(leave["time"]) if leave is not None else None,
                exit_price=float(leave["price"]) if leave is not None else None,
                exit_reason=Reason(leave["reason"]).words if leave is not None else None,
                fees=fees,
                profit=profit,
                percent=None if profit is None else 100 * profit / value,
                bars=(index[int(leave["time"])] if leave is not None else last) - began,
            )
        )
    return trades
