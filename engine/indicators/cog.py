"""Ehlers' centre of gravity."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Function, window
from engine.indicators.kernel import Column, kernel
from engine.indicators.wma import linear_sums


def cog(source: Column, length: int) -> Column:
    """-(sum of the last `length` values times 1 for the newest to `length`) / (their plain sum).

    Source: Pine Script reference, ta.cog. A bar whose source is na is skipped and holds the value before it: so
    PyneCore, after TradingView's running sums.
    """
    missing = np.isnan(source)
    gaps = bool(missing.any())
    known = source[~missing] if gaps else source
    values = np.empty(len(known))
    for begin, total, weighted in linear_sums(known, length):
        _centre(total, weighted, length, values[begin:])
    return _held(values, missing) if gaps else values


@kernel
def _centre(total: Column, weighted: Column, length: int, out: Column) -> None:
    for i in range(len(total)):
        out[i] = weighted[i] / total[i] - (length + 1.0)


@kernel
def _held(values: Column, missing: Column) -> Column:
    out = np.empty(len(missing))
    value = np.nan
    k = 0
    for i in range(len(missing)):
        if not missing[i]:
            value = values[k]
            k += 1
        out[i] = value
    return out


FUNCTIONS = (Function("cog", (SOURCE, LENGTH), cog, window),)
