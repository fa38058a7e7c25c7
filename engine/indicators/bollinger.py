"""Bollinger bands: an average, and lines some standard deviations above and below it."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.rolling_sum import pine_moments


@kernel
def _bands(middle: Column, variance: Column, mult: float, upper: Column) -> None:
    """The variance becomes the lower band. The deviation is that of ta.stdev."""
    for i in range(len(middle)):
        reach = np.sqrt(variance[i]) * mult
        upper[i] = middle[i] + reach
        variance[i] = middle[i] - reach


def bb(series: Column, length: int, mult: float) -> tuple[Column, Column, Column]:
    """Give sma, sma + mult * stdev, sma - mult * stdev. Source: Pine Script reference, ta.bb; na as in ta.stdev."""
    middle, lower = pine_moments(series, length, biased=True, wants_means=True)
    upper = np.empty(len(series))
    _bands(middle, lower, mult, upper)
    return middle, upper, lower


@kernel
def _width(middle: Column, upper: Column, lower: Column) -> None:
    """The upper band becomes the width."""
    for i in range(len(middle)):
        upper[i] = (upper[i] - lower[i]) / middle[i] * 100.0 if middle[i] != 0.0 else np.nan


def bbw(series: Column, length: int, mult: float) -> Column:
    """Give the bands' distance in percent of the middle one. Source: Pine Script reference, ta.bbw.

    Where the middle is 0 it is na.
    """
    middle, upper, lower = bb(series, length, mult)
    _width(middle, upper, lower)
    return upper


def _memory(length: int, _mult: float) -> int:
    return length - 1


_PARAMETERS = (Parameter("series", Kind.SERIES), LENGTH, Parameter("mult", Kind.CONSTANT))

FUNCTIONS = (
    Function("bb", _PARAMETERS, bb, _memory, outputs=("middle", "upper", "lower"), follows=Follows.LEVEL),
    Function("bbw", _PARAMETERS, bbw, _memory),
)
