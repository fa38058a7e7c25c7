"""Bollinger bands: an average, and lines some standard deviations above and below it."""

from __future__ import annotations

import numpy as np

from engine.indicators.deviation import mean_and_variance
from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel


@kernel
def _bands(mean: Column, variance: Column, mult: float) -> Column:
    """Give the upper band; the variance becomes the lower one."""
    upper = np.empty(len(mean))
    for i in range(len(mean)):
        reach = np.sqrt(variance[i]) * mult
        upper[i] = mean[i] + reach
        variance[i] = mean[i] - reach
    return upper


@kernel
def _width(mean: Column, variance: Column, mult: float) -> None:
    """The variance becomes the width."""
    for i in range(len(mean)):
        reach = np.sqrt(variance[i]) * mult
        apart = (mean[i] + reach) - (mean[i] - reach)
        variance[i] = apart / mean[i] * 100.0 if mean[i] != 0.0 else np.nan


def bb(source: Column, length: int, mult: float) -> tuple[Column, Column, Column]:
    """Give sma, sma + mult * stdev, sma - mult * stdev. Source: Pine Script reference, ta.bb; na as in ta.stdev."""
    mean, variance = mean_and_variance(source, length)
    upper = _bands(mean, variance, mult)
    return mean, upper, variance


def bbw(source: Column, length: int, mult: float) -> Column:
    """Give the bands' distance in percent of the middle one. Source: Pine Script reference, ta.bbw.

    Where the middle is 0 it is na.
    """
    mean, variance = mean_and_variance(source, length)
    _width(mean, variance, mult)
    return variance


def _memory(length: int, _mult: float) -> int:
    return length - 1


_PARAMETERS = (SOURCE, LENGTH, Parameter("mult", Kind.CONSTANT))

FUNCTIONS = (
    Function("bb", _PARAMETERS, bb, _memory, outputs=("middle", "upper", "lower"), follows=Follows.LEVEL),
    Function("bbw", _PARAMETERS, bbw, _memory),
)
