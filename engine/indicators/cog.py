"""Ehlers' centre of gravity."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Function, window
from engine.indicators.gaps import gapless, packed, spread
from engine.indicators.kernel import Column, kernel
from engine.indicators.wma import linear_sums


def cog(source: Column, length: int) -> Column:
    """-(sum of the last `length` values times 1 for the newest to `length`) / (their plain sum).

    Source: Pine Script reference, ta.cog. A bar whose source is na is skipped and holds the value before it: so
    PyneCore, after TradingView's running sums.
    """
    gaps = not gapless(source)
    known = packed(source) if gaps else source
    values = np.empty(len(known))
    for begin, total, weighted in linear_sums(known, length):
        _centre(total, weighted, length, values[begin:])
    return spread(values, source) if gaps else values


@kernel
def _centre(total: Column, weighted: Column, length: int, out: Column) -> None:
    for i in range(len(total)):
        out[i] = weighted[i] / total[i] - (length + 1.0)


FUNCTIONS = (Function("cog", (SOURCE, LENGTH), cog, window),)
