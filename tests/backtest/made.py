"""Fills for tests, written as what a person would say of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.trades import Trades, trades_of
from engine.decisions import Move, Reason
from engine.decisions.records import FILL
from engine.market import Bars

Fill = tuple[int, Move, float, float, float]
"""Row, move, price, quantity, fee."""


def records(fills: Sequence[Fill], bars: Bars) -> np.ndarray:
    """Give FILL records."""
    rows = []
    for row, move, price, amount, fee in fills:
        fields = {
            "time": int(bars.time[row]), "row": row, "move": move, "price": price, "quantity": amount, "fee": fee,
            "reason": Reason.ENTER if move.opens else Reason.EXIT,
        }  # fmt: skip
        rows.append(tuple(fields.get(name, 0) for name in FILL.names or ()))
    return np.array(rows, dtype=FILL)


def trades(fills: Sequence[Fill], bars: Bars) -> Trades:
    """Give their trades."""
    return trades_of(records(fills, bars), bars)


def round_trip(enter: int, leave: int | None, side: str, profit: float, fees: float = 0.0) -> list[Fill]:
    """Give the fills of one contract bought or sold at 1,000 that comes to a profit after fees, or stays open."""
    opens, closes = (Move.OPEN_LONG, Move.CLOSE_LONG) if side == "long" else (Move.OPEN_SHORT, Move.CLOSE_SHORT)
    fills: list[Fill] = [(enter, opens, 1000.0, 1.0, fees / 2 if leave is not None else fees)]
    if leave is not None:
        price = 1000.0 + (profit + fees) * (1 if side == "long" else -1)
        fills.append((leave, closes, price, 1.0, fees / 2))
    return fills
