"""Bollinger bands: an average, and lines some standard deviations above and below it."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.rolling_sum import pine_sum_and_squares


@kernel
def _bands(sums: Column, squares: Column, length: int, mult: float, upper: Column) -> None:
    """The sums become the middle line, the sums of squares the lower one. The deviation is that of ta.stdev."""
    for i in range(len(sums)):
        mean = sums[i] / length
        variance = squares[i] / length - mean * mean
        reach = np.sqrt(0.0 if variance < 0.0 else variance) * mult
        sums[i] = mean
        upper[i] = mean + reach
        squares[i] = mean - reach


def bb(source: Column, length: int, mult: float) -> tuple[Column, Column, Column]:
    """Give sma, sma + mult * stdev, sma - mult * stdev. Source: Pine Script reference, ta.bb; na as in ta.stdev."""
    middle, lower = pine_sum_and_squares(source, length)
    upper = np.empty(len(source))
    _bands(middle, lower, length, mult, upper)
    return middle, upper, lower


@kernel
def _width(middle: Column, upper: Column, lower: Column) -> None:
    """The upper band becomes the width."""
    for i in range(len(middle)):
        upper[i] = (upper[i] - lower[i]) / middle[i] * 100.0 if middle[i] != 0.0 else np.nan


def bbw(source: Column, length: int, mult: float) -> Column:
    """Give the bands' distance in percent of the middle one. Source: Pine Script reference, ta.bbw.

    Where the middle is 0 it is na.
    """
    middle, upper, lower = bb(source, length, mult)
    _width(middle, upper, lower)
    return upper


def _memory(length: int, _mult: float) -> int:
    return length - 1


_PARAMETERS = (SOURCE, LENGTH, Parameter("mult", Kind.CONSTANT))

FUNCTIONS = (
    Function("bb", _PARAMETERS, bb, _memory, outputs=("middle", "upper", "lower"), follows=Follows.LEVEL),
    Function("bbw", _PARAMETERS, bbw, _memory),
)
