"""The highest and the lowest of the last bars, and how long ago they were.

Source: Pine Script reference, ta.highest, ta.lowest, ta.highestbars, ta.lowestbars. As measured on TradingView by
PyneCore's authors, na begins the window anew: the bar itself gives na (its offset 0), the bars after it look back to it
and no further. Before bar `length` - 1 of the chart there is no value. Comparison is exact.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter, window
from engine.indicators.kernel import Column, kernel

# How many bars are worked on at a time, so that what lies between stays in the processor's cache.
_CHUNK = 4096


@kernel
def _widen(narrow: Column, width: int, to: int, sign: float, wide: Column) -> None:
    """Give the maxima over `to` bars from those over `width`, 2 to 4 times fewer; a position is its window's first bar.

    Four overlapping windows make up the wide one. Without branches and from slices, so that it compiles to vectors.
    """
    last = to - width
    a, b = narrow, narrow[min(width, last) :]
    c, d = narrow[min(2 * width, last) :], narrow[last:]
    for i in range(len(narrow) - last):
        p, q, r, s = sign * a[i], sign * b[i], sign * c[i], sign * d[i]
        p = p if p > q else q
        r = r if r > s else s
        wide[i] = sign * (p if p > r else r)


@kernel
def _extreme(source: Column, length: int, sign: float) -> Column:
    """Give the highest (`sign` 1) or lowest (-1) of the last `length` values. Needs `length` - 1 earlier bars.

    The window is reached in steps of four: a pass for each factor of 4 in `length`, 7 at most.
    """
    n = len(source)
    out = np.empty(n)
    out[: length - 1] = np.nan
    size = max(_CHUNK, 4 * length)
    scratch = np.empty((2, min(n, size + length)))
    for start in range(length - 1, n, size):
        stop = min(start + size, n)
        narrow, width, turn = source[start - length + 1 : stop], 1, 0
        while True:
            to = min(4 * width, length)
            count = len(narrow) - (to - width)
            wide = out[start:stop] if to == length else scratch[turn, :count]
            _widen(narrow, width, to, sign, wide)
            if to == length:
                break
            narrow, width, turn = wide, to, 1 - turn
    unknown = 0
    for i in range(n):
        unknown += source[i] != source[i]
    i = 0 if unknown else n
    while i < n:
        if not np.isnan(source[i]):
            i += 1
            continue
        out[i] = best = np.nan
        i += 1
        # The windows that reach back to this bar hold what has come since.
        for k in range(i, min(n, i + length - 1)):
            if np.isnan(source[k]):
                break
            best = source[k] if not sign * best >= sign * source[k] else best
            out[k] = best if k >= length - 1 else np.nan
            i = k + 1
    return out


@kernel
def _offset(source: Column, extreme: Column, length: int) -> Column:
    """Give how many bars ago the extreme was, as 0, -1, -2 ...; the longest ago where it was there several times."""
    n = len(source)
    out = np.empty(n)
    out[: length - 1] = np.nan
    at = 0
    for i in range(n):
        if np.isnan(source[i]):
            at = i + 1
            out[i] = 0.0 if i >= length - 1 else np.nan
        elif i >= length - 1:
            # It never moves back, so that the search takes one look a bar.
            at = max(at, i - length + 1)
            while source[at] != extreme[i]:
                at += 1
            out[i] = at - i
    return out


def highest(source: Column, length: int) -> Column:
    """Give the highest of the last `length` values."""
    return _extreme(source, length, 1.0)


def lowest(source: Column, length: int) -> Column:
    """Give the lowest of the last `length` values."""
    return _extreme(source, length, -1.0)


def highestbars(source: Column, length: int) -> Column:
    """Give how many bars ago the highest of the last `length` values was, as 0, -1, -2 ..."""
    return _offset(source, _extreme(source, length, 1.0), length)


def lowestbars(source: Column, length: int) -> Column:
    """Give how many bars ago the lowest of the last `length` values was, as 0, -1, -2 ..."""
    return _offset(source, _extreme(source, length, -1.0), length)


_HIGH = (Parameter("source", Kind.SERIES, implied="high"), LENGTH)
_LOW = (Parameter("source", Kind.SERIES, implied="low"), LENGTH)

FUNCTIONS = (
    Function("highest", _HIGH, highest, window, follows=Follows.LEVEL),
    Function("lowest", _LOW, lowest, window, follows=Follows.LEVEL),
    Function("highestbars", _HIGH, highestbars, window, follows=Follows.SHAPE),
    Function("lowestbars", _LOW, lowestbars, window, follows=Follows.SHAPE),
)
