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
    all. The deviation is summed about the anchor's price, so that it is right for prices far from 0 too.
    """
    n = len(source)
    value, upper, lower = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    begun = False
    origin = weight = weight_lost = first = first_lost = second = second_lost = 0.0
    for i in range(n):
        if np.isnan(source[i]):
            continue
        if anchor[i] == TRUE:
            begun = True
            origin = source[i]
            weight = weight_lost = first = first_lost = second = second_lost = 0.0
        if not begun:
            continue
        distance = source[i] - origin
        weight, weight_lost = _added(weight, weight_lost, volume[i])
        first, first_lost = _added(first, first_lost, distance * volume[i])
        second, second_lost = _added(second, second_lost, distance * distance * volume[i])
        total = weight + weight_lost
        if total > 0.0:
            mean = (first + first_lost) / total
            reach = stdev_mult * math.sqrt(max(0.0, (second + second_lost) / total - mean * mean))
            value[i] = origin + mean
            upper[i] = value[i] + reach
            lower[i] = value[i] - reach
    return value, upper, lower


@kernel
def _added(total: float, lost: float, x: float) -> tuple[float, float]:
    """Give total + x, and `lost` with what its rounding dropped (Knuth's compensation)."""
    grown = total + x
    part = grown - total
    return grown, lost + ((total - (grown - part)) + (x - part))


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
