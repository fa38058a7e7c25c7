"""Mean absolute deviation, and the commodity channel index that is measured in it."""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import sma
from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.kernel import Column, kernel

# TradingView's factor that puts some seven tenths of the values between -100 and 100.
_CCI_FACTOR = 0.015


# Bars that are computed together, so that the processor adds several bars' terms at once.
_TOGETHER = 256


@kernel
def _deviation(source: Column, mean: Column, length: int) -> Column:
    """Average distance of the last `length` values to `mean`, added up from the newest on, as TradingView does."""
    n = len(source)
    out = np.zeros(n)
    out[: length - 1] = np.nan
    for first in range(length - 1, n, _TOGETHER):
        stop = min(first + _TOGETHER, n)
        middles, sums = mean[first:stop], out[first:stop]
        for back in range(length):
            values = source[first - back : stop - back]
            for k in range(stop - first):
                sums[k] += abs(values[k] - middles[k])
        for k in range(stop - first):
            sums[k] /= length
    return out


def dev(source: Column, length: int) -> Column:
    """Give the mean distance of the last `length` values to their mean. Source: Pine Script reference, ta.dev.

    na where one of these bars is; with a length of 1 it is 0 on every bar.
    """
    return np.zeros(len(source)) if length == 1 else _deviation(source, sma(source, length), length)


def cci(source: Column, length: int) -> Column:
    """Give (source - sma) / (0.015 * dev). Source: Pine Script reference, ta.cci.

    na where `dev` is na, and where all values are equal.
    """
    mean = sma(source, length)
    return _index(source, mean, _deviation(source, mean, length))


@kernel
def _index(source: Column, mean: Column, deviation: Column) -> Column:
    out = np.empty(len(source))
    for i in range(len(source)):
        unit = _CCI_FACTOR * deviation[i]
        out[i] = (source[i] - mean[i]) / unit if unit > 0.0 else np.nan
    return out


FUNCTIONS = (
    Function("cci", (SOURCE, LENGTH), cci, window, follows=Follows.SHAPE),
    Function("dev", (SOURCE, LENGTH), dev, window, follows=Follows.SPREAD),
)
