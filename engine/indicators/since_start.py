"""What a series has come to since the first candle: its total, its highest and its lowest value."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import EVENT_BARS, SOURCE, Endless, Follows, Function
from engine.indicators.kernel import Column, kernel


@kernel
def cum(source: Column) -> Column:
    """Sum of all values so far. Source: Pine Script reference, ta.cum. A bar whose source is na is na, and skipped.

    With Neumaier's compensation, so that it does not drift however long the column is.
    """
    out = np.empty(len(source))
    total = lost = 0.0
    for i in range(len(source)):
        x = source[i]
        if np.isnan(x):
            out[i] = np.nan
            continue
        grown = total + x
        lost += (total - grown) + x if abs(total) >= abs(x) else (x - grown) + total
        total = grown
        out[i] = total + lost
    return out


@kernel
def highest_ever(source: Column) -> Column:
    """Greatest value so far; na counts for nothing. Source: Pine Script reference, ta.max."""
    out = np.empty(len(source))
    best = np.nan
    for i in range(len(source)):
        best = best if (best >= source[i]) | np.isnan(source[i]) else source[i]
        out[i] = best
    return out


@kernel
def lowest_ever(source: Column) -> Column:
    """Least value so far; na counts for nothing. Source: Pine Script reference, ta.min."""
    out = np.empty(len(source))
    best = np.nan
    for i in range(len(source)):
        best = best if (best <= source[i]) | np.isnan(source[i]) else source[i]
        out[i] = best
    return out


FUNCTIONS = (
    Function("cum", (SOURCE,), cum, lambda: 0, endless=Endless.SUM),
    Function("max", (SOURCE,), highest_ever, lambda: EVENT_BARS, endless=Endless.EVENT, follows=Follows.LEVEL),
    Function("min", (SOURCE,), lowest_ever, lambda: EVENT_BARS, endless=Endless.EVENT, follows=Follows.LEVEL),
)
