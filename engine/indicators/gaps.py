"""Kernels that pass over bars with na, as Pine's sums do: pack the known values, compute, and spread the results again.

Source: that a sum's window holds the last values that are known, and that a bar with na repeats the last result, was
measured on TradingView by PyneCore's authors.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import Column, kernel


@kernel
def gapless(source: Column) -> bool:
    """Tell whether no bar is na."""
    known = True
    for x in source:
        known &= x == x  # noqa: PLR0124  # na is what does not equal itself; without branches this is vectorised
    return known


@kernel
def packed(source: Column) -> Column:
    """Give the values that are known, in order."""
    out = np.empty(len(source))
    count = 0
    for x in source:
        if not np.isnan(x):
            out[count] = x
            count += 1
    return out[:count].copy()


@kernel
def spread(values: Column, source: Column) -> Column:
    """Put the results for the known bars of `source` in their places; a bar with na repeats the one before."""
    out = np.empty(len(source))
    count = 0
    for i in range(len(source)):
        if not np.isnan(source[i]):
            count += 1
        out[i] = values[count - 1] if count > 0 else np.nan
    return out
