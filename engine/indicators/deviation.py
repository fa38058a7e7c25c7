"""Variance and standard deviation over a window.

Source: Pine Script reference, ta.variance and ta.stdev; that the variance is the mean of squares less the square of the
mean, of Pine's rolling sums (rolling_sum.py), and never below 0, was measured on TradingView by PyneCore's authors.
On prices that hardly move this loses digits, and is kept, for charts show what is left: on EURUSD's hourly candles a
variance has some 8 digits that are right. Which ones are lost depends, a little, on where the candles begin.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column
from engine.indicators.rolling_sum import pine_moments


def variance(source: Column, length: int, biased: bool) -> Column:
    """Give the mean squared deviation; not `biased`: over `length` - 1 (na for a length of 1)."""
    if length == 1 and not biased:
        return np.full(len(source), np.nan)
    return pine_moments(source, length, biased, wants_means=False)[1]


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
