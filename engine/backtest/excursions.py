"""How far prices went for and against a position while it was held, along TradingView's path inside each candle.

The path is open, the nearer of high and low, the other, close. Of the candle of a fill only the part after an entry, or
before an exit, counts. The run-ups and drawdowns of TradingView's exported trades agree with this, to their digits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.decisions.records import Reason
from engine.decisions.state import Records
from engine.indicators.kernel import kernel
from engine.market import Bars
from engine.market.bars import Column

_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_NOISE = 1e-9  # share of a price within which two are one


class Path(NamedTuple):
    """The prices of candles, as columns of one length."""

    open: Column
    high: Column
    low: Column
    close: Column


class Slippage(NamedTuple):
    """By how much market and stop fills are worse than the path's price: a distance, and a share of it.

    `floats`: where high and low are as far from the open, floats decide which comes first, as in TradingView.
    `at_close`: orders fill at closes, too; a fill at that price was then.
    """

    distance: float = 0.0
    share: float = 0.0
    floats: bool = False
    at_close: bool = False


def excursions(table: Records, bars: Bars, slippage: Slippage) -> tuple[Column, Column]:
    """Give the best and the worst price of each TRADE record while it was open, its own prices included.

    `bars` are the candles in whose times the trades filled: with finer candles, those.
    """
    first = np.searchsorted(bars.time, table["entry_time"])
    last = np.where(table["exit_reason"] == 0, len(bars), np.searchsorted(bars.time, table["exit_time"]))
    best, worst = np.empty(len(table)), np.empty(len(table))
    _excursions(table, first, last, Path(bars.open, bars.high, bars.low, bars.close), slippage, best, worst)
    return best, worst


@kernel
def _excursions(
    table: Records,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    path: Path,
    slippage: Slippage,
    best: Column,
    worst: Column,
) -> None:
    opens, highs, lows, closes = path
    distance, share, floats, at_close = slippage
    for k in range(len(table)):
        side, entry, out = table[k].side, table[k].entry_price, table[k].exit_price
        i, j = first[k], last[k]
        low = high = entry
        if out == out:  # noqa: PLR0124 - not NaN
            low, high = min(low, out), max(high, out)
        start = unslipped(entry, opens[i], side, distance, share, highs[i], lows[i])
        slips = table[k].exit_reason != _TAKE_PROFIT
        end = np.nan
        if j < len(opens):
            given = (distance, share) if slips else (0.0, 0.0)
            end = unslipped(out, opens[j], -side, given[0], given[1], np.inf, -np.inf)
            if at_close and closed_at(out, closes[j], -side, *given):
                end = np.nan
        bottom, top = stretch(opens[i], highs[i], lows[i], closes[i], start, end if i == j else np.nan, floats)
        if at_close and closed_at(entry, closes[i], side, distance, share):
            bottom = top = closes[i]
        low, high = min(low, bottom), max(high, top)
        for at in range(i + 1, j):
            low, high = min(low, lows[at]), max(high, highs[at])
        if i < j < len(opens):
            bottom, top = stretch(opens[j], highs[j], lows[j], closes[j], opens[j], end, floats)
            low, high = min(low, bottom), max(high, top)
        best[k], worst[k] = (high, low) if side > 0 else (low, high)


@kernel
def unslipped(price: float, opened: float, side: int, distance: float, share: float, high: float, low: float) -> float:
    """Give the price on the path at which an order filled that slipped; `side` is 1 for buying.

    A fill that slipped from the open is at the open; one that is on the path, between `low` and `high`, did not slip.
    """
    noise = _NOISE * opened
    before = (price - side * distance) / (1 + side * share)
    if abs(before - opened) <= noise or abs(price - opened) <= noise:
        return opened
    return price if low - noise <= price <= high + noise else before


@kernel
def closed_at(price: float, close: float, side: int, distance: float, share: float) -> bool:
    """Tell whether a price is that of a candle's close, slipped or not."""
    noise = _NOISE * close
    return bool(abs(price - close) <= noise or abs((price - side * distance) / (1 + side * share) - close) <= noise)


@kernel
def stretch(
    opened: float, high: float, low: float, close: float, start: float, end: float, floats: bool
) -> tuple[float, float]:
    """Give the lowest and the highest price from where the path meets `start` to where it meets `end` after that.

    A start that it does not meet is the open; an end that it does not meet, or NaN, is the close.
    """
    noise = _NOISE * opened
    up_first = high - opened < opened - low - (0.0 if floats else noise)
    second, third = (high, low) if up_first else (low, high)
    bottom, top = np.inf, -np.inf
    before = opened
    started = abs(start - opened) <= noise or not low - noise <= start <= high + noise
    if started:
        if abs(end - opened) <= noise:
            return opened, opened
        bottom = top = opened
    for step in range(3):
        after = second if step == 0 else third if step == 1 else close
        if not started and min(before, after) - noise <= start <= max(before, after) + noise:
            started = True
            before = bottom = top = start
        if started:
            if min(before, after) - noise <= end <= max(before, after) + noise:
                return min(bottom, end), max(top, end)
            bottom, top = min(bottom, after), max(top, after)
        before = after
    return bottom, top
