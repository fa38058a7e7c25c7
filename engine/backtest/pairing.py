"""Fills, paired into trades: first in, first out, as TradingView lists them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.decisions.records import Move
from engine.decisions.state import Records
from engine.indicators.kernel import kernel

_OPEN_LONG, _OPEN_SHORT = int(Move.OPEN_LONG), int(Move.OPEN_SHORT)
_CLOSE_LONG, _CLOSE_SHORT = int(Move.CLOSE_LONG), int(Move.CLOSE_SHORT)
_DUST = 1e-9  # the share of an amount that is left of it by rounding only

# Times are open times (ms UTC) of the candles in which it filled, rows the indices of the bars; money is in quote
# currency. An open trade has the exit reason 0, its exit row is the last bar, and its exit price and profit are NaN.
TRADE = np.dtype(
    [
        ("side", "i8"),  # 1 long, -1 short
        ("entry_time", "i8"),
        ("entry_row", "i8"),
        ("entry_reason", "i8"),
        ("entry_price", "f8"),
        ("entry_fee", "f8"),
        ("quantity", "f8"),
        ("exit_time", "i8"),
        ("exit_row", "i8"),
        ("exit_reason", "i8"),
        ("exit_price", "f8"),
        ("fees", "f8"),  # of both fills
        ("profit", "f8"),  # net of fees
        ("percent", "f8"),  # of the entry's value and fee
        ("bars", "i8"),  # from the entry's bar to the exit's, or to the last
    ]
)


def paired(fills: Records, last_row: int, *, own: bool = False) -> tuple[Records, int]:
    """Give the TRADE records of FILL records, and how many are closed; those that are open come last.

    With `own`, a close that names an entry is paired with that one first.
    """
    table = np.zeros(len(fills), TRADE)
    rest = np.empty(len(fills))
    closed, count = _pair(fills, last_row, own, table, rest)
    return table[:count], closed


@kernel
def _pair(fills: Records, last_row: int, own: bool, table: Records, rest: NDArray[np.float64]) -> tuple[int, int]:
    """Write the trades. `rest` becomes what is still open of each opening fill.

    There are never more trades than fills: each uses up a close, or the rest of an opening.
    """
    count = 0
    first = 0  # no opening before this one has anything left
    for i in range(len(fills)):
        fill = fills[i]
        move = fill.move
        rest[i] = fill.quantity if move in (_OPEN_LONG, _OPEN_SHORT) else 0.0
        if move not in (_CLOSE_LONG, _CLOSE_SHORT):
            continue
        opened = _OPEN_LONG if move == _CLOSE_LONG else _OPEN_SHORT
        left = fill.quantity
        for k in range(first, i if own and fill.decided != 0 else first):
            if fills[k].decided == fill.decided and fills[k].move == opened and rest[k] > 0.0:
                taken = rest[k] if rest[k] <= left * (1 + _DUST) else left
                _write(table[count], fills[k], taken)
                _leave(table[count], fill, taken)
                count += 1
                left -= taken
                rest[k] = rest[k] - taken if rest[k] - taken > _DUST * fills[k].quantity else 0.0
        while first < i and left > _DUST * fill.quantity:
            if rest[first] == 0.0 or fills[first].move != opened:
                first += 1
                continue
            taken = rest[first] if rest[first] <= left * (1 + _DUST) else left
            _write(table[count], fills[first], taken)
            _leave(table[count], fill, taken)
            count += 1
            left -= taken
            rest[first] -= taken
            if rest[first] <= _DUST * fills[first].quantity:
                rest[first] = 0.0
    closed = count
    for i in range(first, len(fills)):
        if rest[i] > 0.0:
            trade = table[count]
            _write(trade, fills[i], rest[i])
            trade.exit_row = last_row
            trade.exit_price = trade.profit = trade.percent = np.nan
            trade.fees = trade.entry_fee
            trade.bars = last_row - trade.entry_row
            count += 1
    return closed, count


@kernel
def _write(trade: Any, fill: Any, quantity: float) -> None:
    """Write the entry of a trade, with its share of the fill's fee."""
    trade.side = 1 if fill.move == _OPEN_LONG else -1
    trade.entry_time = fill.time
    trade.entry_row = fill.row
    trade.entry_reason = fill.reason
    trade.entry_price = fill.price
    trade.entry_fee = fill.fee * (quantity / fill.quantity)
    trade.quantity = quantity


@kernel
def _leave(trade: Any, fill: Any, quantity: float) -> None:
    """Write its exit."""
    trade.exit_time = fill.time
    trade.exit_row = fill.row
    trade.exit_reason = fill.reason
    trade.exit_price = fill.price
    trade.fees = trade.entry_fee + fill.fee * (quantity / fill.quantity)
    trade.profit = trade.side * quantity * (fill.price - trade.entry_price) - trade.fees
    trade.percent = 100.0 * trade.profit / (quantity * trade.entry_price + trade.entry_fee)
    trade.bars = fill.row - trade.entry_row
