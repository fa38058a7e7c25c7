"""Where a price stands between the highest and the lowest of a window: stoch, wpr, and their distance, range.

Source: Pine Script reference, ta.stoch, ta.wpr, ta.range, ta.highest, ta.lowest. As TradingView's extremes do, a
window begins anew behind a bar with na. Where highest and lowest are equal, stoch and wpr are na.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import CANDLE, LENGTH, SOURCE, Follows, Function, Kind, Parameter, window
from engine.indicators.kernel import Column, kernel


@kernel
def _highest(source: Column, length: int, sign: float) -> Column:
    """Highest (of a `sign` of -1, lowest) of the last `length` bars, or of those since the last na.

    Bars are taken in blocks of `length`. A window is the end of one block and the beginning of the next: the one's
    extremes are found from its end back when it is complete, the other's runs along. Two steps a bar, no guesses.
    """
    n = len(source)
    out = np.empty(n)
    tails = np.empty(length + 1)  # at k: of the block before, from its k-th bar on
    i = 0
    while i < n:
        tails[:] = -np.inf
        start = i
        while i < n and not np.isnan(source[i]):
            start = i
            head = -np.inf
            values = source[start : start + length]
            for k in range(len(values)):
                x = sign * values[k]
                if np.isnan(x):
                    break
                head = x if x > head else head
                tail = tails[k + 1]
                out[i] = sign * (head if head > tail else tail)
                i += 1
            if i < start + length:
                break
            tail = -np.inf
            for k in range(length - 1, -1, -1):
                x = sign * values[k]
                tail = x if x > tail else tail
                tails[k] = tail
        if i < n and np.isnan(source[i]):
            out[i] = np.nan
            i += 1
    out[: length - 1] = np.nan
    return out


@kernel
def _percent(source: Column, top: Column, bottom: Column, zero: Column) -> None:
    """Put 100 * (source - zero) / (top - bottom) into top; `zero` is top or bottom."""
    for i in range(len(source)):
        reach = top[i] - bottom[i]
        top[i] = 100.0 * (source[i] - zero[i]) / reach if reach != 0.0 else np.nan


def stoch(source: Column, high: Column, low: Column, length: int) -> Column:
    """Give 100 * (source - lowest low) / (highest high - lowest low), not limited to 0 to 100."""
    top, bottom = _highest(high, length, 1.0), _highest(low, length, -1.0)
    _percent(source, top, bottom, bottom)
    return top


def wpr(high: Column, low: Column, close: Column, length: int) -> Column:
    """Give 100 * (close - highest high) / (highest high - lowest low), Williams' %R, -100 to 0."""
    top, bottom = _highest(high, length, 1.0), _highest(low, length, -1.0)
    _percent(close, top, bottom, top)
    return top


def value_range(source: Column, length: int) -> Column:
    """Give the highest less the lowest of the last `length` values."""
    top = _highest(source, length, 1.0)
    top -= _highest(source, length, -1.0)
    return top


_EDGES = (Parameter("high", Kind.SERIES), Parameter("low", Kind.SERIES))

FUNCTIONS = (
    Function("range", (SOURCE, LENGTH), value_range, window, follows=Follows.SPREAD),
    Function("stoch", (SOURCE, *_EDGES, LENGTH), stoch, window, follows=Follows.SHAPE),
    Function("wpr", (LENGTH,), wpr, window, reads=CANDLE),
)
