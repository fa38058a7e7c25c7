"""Variance and standard deviation over a window.

Source: Pine Script reference, ta.variance and ta.stdev; that the variance is the mean of squares less the square of the
mean, of Pine's rolling sums (rolling_sum.py), and never below 0, was measured on TradingView by PyneCore's authors.
On prices that hardly move this loses digits, and is kept, for charts show what is left: on EURUSD's hourly candles a
variance has some 8 digits that are right. Which ones are lost depends, a little, on where the candles begin.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.rolling_sum import pine_sum_and_squares


@kernel
def _biased(sums: Column, squares: Column, length: int) -> None:
    """The sums of squares become variances."""
    for i in range(len(sums)):
        mean = sums[i] / length
        value = squares[i] / length - mean * mean
        squares[i] = 0.0 if value < 0.0 else value


@kernel
def _unbiased(sums: Column, squares: Column, length: int) -> None:
    """The sums of squares become variances over `length` - 1, divided as TradingView does: each term on its own."""
    over = length - 1
    for i in range(len(sums)):
        value = squares[i] / over - sums[i] * (sums[i] / length) / over
        squares[i] = 0.0 if value < 0.0 else value


def variance(source: Column, length: int, biased: bool) -> Column:
    """Give the mean squared deviation; not `biased`: over `length` - 1 (na for a length of 1)."""
    sums, squares = pine_sum_and_squares(source, length)
    if biased:
        _biased(sums, squares, length)
    elif length > 1:
        _unbiased(sums, squares, length)
    else:
        squares[:] = np.nan
    return squares


def stdev(source: Column, length: int, biased: bool) -> Column:
    """Give the square root of the variance."""
    out = variance(source, length, biased)
    return np.sqrt(out, out=out)


def _memory(length: int, _biased: bool) -> int:
    return length - 1


_BIASED = Parameter("biased", Kind.FLAG, "true")

FUNCTIONS = (
    Function("stdev", (SOURCE, LENGTH, _BIASED), stdev, _memory, follows=Follows.SPREAD),
    Function("variance", (SOURCE, LENGTH, _BIASED), variance, _memory),
)
