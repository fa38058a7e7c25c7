"""Volume-weighted average price since the last anchor, with bands."""

from __future__ import annotations

import math

import numpy as np

from engine.indicators.function import EVENT_BARS, NEW_DAY, Endless, Follows, Function, Kind, Parameter
from engine.indicators.kernel import TRUE, Column, Truth, kernel


@kernel
def vwap(volume: Column, source: Column, anchor: Truth, stdev_mult: float) -> tuple[Column, Column, Column]:
    """Give the average, and `stdev_mult` volume-weighted standard deviations above and below it.

    Source: Pine Script reference, ta.vwap. Sums begin anew on a bar whose anchor is TRUE, that bar included; before the
    first such bar, and without volume since, it is na. A bar whose source is na gives na and is passed over, anchor and
    all. The variance is the mean of squares less the square of the mean, as in TradingView's own VWAP script, and as
    PyneCore has it: of plain sums, since what rounding leaves of it right after an anchor shows in the bands.
    """
    n = len(source)
    value, upper, lower = np.empty(n), np.empty(n), np.empty(n)
    begun = False
    weight = money = squares = 0.0
    for i in range(n):
        x, w = source[i], volume[i]
        value[i] = upper[i] = lower[i] = np.nan
        if np.isnan(x):
            continue
        if anchor[i] == TRUE:
            begun = True
            weight = money = squares = 0.0
        if not begun:
            continue
        weight += w
        money += x * w
        squares += x * x * w
        if weight > 0.0:
            mean = money / weight
            reach = stdev_mult * math.sqrt(max(0.0, squares / weight - mean * mean))
            value[i] = mean
            upper[i] = mean + reach
            lower[i] = mean - reach
    return value, upper, lower


FUNCTIONS = (
    Function(
        "vwap",
        (
            Parameter("source", Kind.SERIES, "hlc3"),
            Parameter("anchor", Kind.CONDITION, NEW_DAY),
            Parameter("stdev_mult", Kind.CONSTANT, 1.0),
        ),
        vwap,
        lambda _stdev_mult: EVENT_BARS,
        reads=("volume",),
        outputs=("value", "upper", "lower"),
        endless=Endless.EVENT,
        restart="anchor",
        follows=Follows.LEVEL,
    ),
)
