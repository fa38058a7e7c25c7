"""Mean absolute deviation, and the commodity channel index that is measured in it."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.kernel import Column, kernel
from engine.indicators.long_deviation import deviations_long
from engine.indicators.rolling_sum import pine_means

# TradingView's factor that puts some seven tenths of the values between -100 and 100.
_CCI_FACTOR = 0.015
# The longest window whose distances are all added up: where that and a tree were measured to take as long.
LONGEST_ADDED = 1152
# Bars that are computed together, so that the processor adds several bars' terms at once.
_TOGETHER = 256


@kernel
def _deviations(source: Column, mean: Column, length: int, index: bool, out: Column) -> None:
    """Write the average distance of the last `length` values to `mean`, or how far the last is in units of 0.015 of it.

    The second with `index`. Distances are added up from the newest on, as TradingView does.
    """
    out[: length - 1] = np.nan
    for first in range(length - 1, len(source), _TOGETHER):
        middles, sums = mean[first : first + _TOGETHER], out[first : first + _TOGETHER]
        values = source[first : first + _TOGETHER]
        sums[:] = 0.0
        for back in range(3, length, 4):  # four bars back at a time: adding takes less long than reading and writing
            x = source[first - back : first - back + _TOGETHER + 3]
            for k in range(len(sums)):
                m = middles[k]
                sums[k] = sums[k] + abs(x[k + 3] - m) + abs(x[k + 2] - m) + abs(x[k + 1] - m) + abs(x[k] - m)
        for back in range(length - length % 4, length):
            x = source[first - back : first - back + _TOGETHER]
            for k in range(len(sums)):
                sums[k] += abs(x[k] - middles[k])
        for k in range(len(sums)):
            sums[k] /= length
        if index:
            for k in range(len(sums)):
                unit = _CCI_FACTOR * sums[k]
                ratio = (values[k] - middles[k]) / unit
                sums[k] = ratio if unit > 0.0 else np.nan


def dev(source: Column, length: int) -> Column:
    """Give the mean distance of the last `length` values to their mean. Source: Pine Script reference, ta.dev.

    na where one of these bars is; with a length of 1 it is 0 on every bar. At prices so high that their last bit is
    more than 1e-9 of a deviation, the mean has no more digits either, and is TradingView's.
    """
    if length > LONGEST_ADDED:
        return deviations_long(source, pine_means(source, length), length)
    out = np.zeros(len(source))
    if length > 1:
        _deviations(source, pine_means(source, length), length, False, out)
    return out


def cci(source: Column, length: int) -> Column:
    """Give (source - sma) / (0.015 * dev). Source: Pine Script reference, ta.cci.

    na where `dev` is na, and where all values are equal.
    """
    mean = pine_means(source, length)
    if length > LONGEST_ADDED:
        unit = _CCI_FACTOR * deviations_long(source, mean, length)
        with np.errstate(all="ignore"):
            return np.where(unit > 0.0, (source - mean) / unit, np.nan)
    out = np.empty(len(source))
    _deviations(source, mean, length, True, out)
    return out


FUNCTIONS = (
    Function("cci", (SOURCE, LENGTH), cci, window, follows=Follows.SHAPE),
    Function("dev", (SOURCE, LENGTH), dev, window, follows=Follows.SPREAD),
)
