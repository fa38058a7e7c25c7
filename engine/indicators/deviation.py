"""Variance and standard deviation over a window.

Source: Pine Script reference, ta.variance and ta.stdev. A bar with na repeats the last value and is passed over, as
TradingView does. Computed exactly, which TradingView does not: its mean of squares less the square of the mean loses
digits on prices that hardly move (by PyneCore, over a quarter of EURUSD's hourly variances of 20 bars are off by more
than 1e-9), and what is lost depends on where the chart begins.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.gaps import packed, spread
from engine.indicators.kernel import Column, kernel

# A window is summed anew once its squares have shrunk to this part of the greatest since it was last: no more than
# three digits are ever lost, and the work stays a few operations a bar.
_SHRUNK = 1e-3


@kernel
def _moments(source: Column, length: int, part: float, averaged: bool, with_na: bool) -> tuple[Column, Column]:
    """Give the means (none unless `averaged`) and `part` of the summed squared deviations of the last `length` values.

    Nothing is given on meeting an na, unless `with_na`, for infinities also end there.

    Running sums of the distance to `origin`, which is moved to the window's mean now and then (see _SHRUNK): offsets
    and outliers that have left the window take no digits, and nothing adds up over the years.
    """
    n = len(source)
    mean, out = np.empty(n if averaged else 0), np.empty(n)
    mean[: length - 1] = out[: length - 1] = np.nan
    share = 1.0 / length
    origin = total = square = greatest = squares = 0.0
    due = length - 1
    for i in range(length - 1, n):
        anew = i >= due
        if not anew:
            new, old = source[i] - origin, source[i - length] - origin
            total += new - old
            square += (new - old) * (new + old)
            greatest = square if square > greatest else greatest
            squares = square - total * total * share
            anew = not squares >= _SHRUNK * greatest
        if anew:
            due = i + 4 * length + 64
            total = square = 0.0
            for x in source[i - length + 1 : i + 1]:
                total += x - source[i]
            origin = source[i] + total * share
            total = 0.0
            for x in source[i - length + 1 : i + 1]:
                total += x - origin
                square += (x - origin) * (x - origin)
            greatest = square
            squares = square - total * total * share
            if np.isnan(squares) and not with_na:
                return mean[:0], out[:0]
        if averaged:
            mean[i] = origin + total * share
        out[i] = (squares if squares > 0.0 else abs(squares) * 0.0) * part
    return mean, out


def _known_moments(source: Column, length: int, part: float, averaged: bool) -> tuple[Column, Column]:
    mean, squares = _moments(source, length, part, averaged, False)
    if len(squares) < len(source):
        mean, squares = _moments(packed(source), length, part, averaged, True)
        return spread(mean, source) if averaged else mean, spread(squares, source)
    return mean, squares


def mean_and_variance(source: Column, length: int) -> tuple[Column, Column]:
    """Give the mean and the mean squared deviation from it, of the last `length` known values."""
    return _known_moments(source, length, 1.0 / length, True)


def variance(source: Column, length: int, biased: bool) -> Column:
    """Give the mean squared deviation; not `biased`: over `length` - 1 (na for a length of 1)."""
    return _known_moments(source, length, 1.0 / (length if biased else length - 1 or np.nan), False)[1]


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
