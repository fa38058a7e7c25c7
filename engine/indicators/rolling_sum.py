"""Pine's rolling sum of the last values, to the last bit: what ta.variance, ta.correlation and their kin are made of.

Source: measured on TradingView by PyneCore's authors. A bar takes the value that goes away and adds the one that comes,
and carries on what was rounded off. Where that remainder would be rounded off the new value once more, the sum begins
anew from the values themselves, the newest first. A bar with na repeats the last sum and is passed over.
Prices that hardly move leave a variance few of its digits, so that it is TradingView's only if its sums are.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.gaps import gapless, packed, spread
from engine.indicators.kernel import Column, kernel

# Errors of Pine's sum grow as the root of the bars. Few charts of TradingView's have more than this; beyond it the sum
# begins anew, so that they stay as small as there.
_BARS = 20_000


@kernel
def _step(
    x: float, added: Column, at: int, i: int, length: int, total: float, lost: float
) -> tuple[float, float, bool]:
    """Give the sum at bar `i`, its remainder, and whether it must begin anew, as it also must after an infinity.

    `added` holds what each value of the window added to the sum, `at` is where the one that goes away stood.
    """
    size = abs(lost)
    if i % _BARS == 0 or not (size - ((x + size) - x)) + (total - total) <= 0.0:
        added[at] = x
        return x, 0.0, True
    less, part = total, x - lost
    if i >= length:
        gone = -added[at] - lost
        less = total + gone
        part = x - ((less - total) - gone)
    added[at] = part
    more = less + part
    return more, (more - less) - part, False


@kernel
def _sums(source: Column, length: int, added: Column, out: Column) -> None:
    total = lost = 0.0
    at = 0
    for i in range(len(source)):
        total, lost, anew = _step(source[i], added, at, i, length, total, lost)
        if anew:
            for k in range(i - 1, max(i - length, -1), -1):
                total += source[k]
        out[i] = total if i >= length - 1 else np.nan
        at = at + 1 if at + 1 < length else 0


@kernel
def _sums_and_squares(
    source: Column, length: int, added: Column, added_squares: Column, out: Column, out_squares: Column
) -> None:
    """Two sums side by side, which takes the processor little longer than one."""
    total = lost = squares = lost_squares = 0.0
    at = 0
    for i in range(len(source)):
        x = source[i]
        total, lost, anew = _step(x, added, at, i, length, total, lost)
        if anew:
            for k in range(i - 1, max(i - length, -1), -1):
                total += source[k]
        squares, lost_squares, anew = _step(x * x, added_squares, at, i, length, squares, lost_squares)
        if anew:
            for k in range(i - 1, max(i - length, -1), -1):
                squares += source[k] * source[k]
        out[i] = total if i >= length - 1 else np.nan
        out_squares[i] = squares if i >= length - 1 else np.nan
        at = at + 1 if at + 1 < length else 0


def pine_sum(source: Column, length: int) -> Column:
    """Give the sum of the last `length` known values; na before there are as many."""
    known = source if gapless(source) else packed(source)
    # NumPy gets large columns in large pages; numba's own are slow when first touched.
    out = np.empty(len(known))
    _sums(known, length, np.empty(length), out)
    return out if known is source else spread(out, source)


def pine_sum_and_squares(source: Column, length: int) -> tuple[Column, Column]:
    """Give the sums of the last `length` known values and of their squares."""
    known = source if gapless(source) else packed(source)
    out, squares = np.empty(len(known)), np.empty(len(known))
    _sums_and_squares(known, length, np.empty(length), np.empty(length), out, squares)
    return (out, squares) if known is source else (spread(out, source), spread(squares, source))
