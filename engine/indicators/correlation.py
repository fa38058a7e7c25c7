"""Pearson's correlation of two series over a window."""

from __future__ import annotations

import numpy as np

from engine.indicators.deviation import mean_and_variance
from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter, window
from engine.indicators.gaps import packed, spread
from engine.indicators.kernel import Column, kernel

# TradingView takes a covariance at or below this for zero; measured there by PyneCore's authors.
_ZERO = 1e-10
# As in deviation.py: when the window is summed anew.
_SHRUNK = 1e-3


@kernel
def _ratio(covariance: float, variance_x: float, variance_y: float) -> float:
    if abs(covariance) <= _ZERO:
        return 0.0
    product = variance_x * variance_y
    return covariance / np.sqrt(product) if product > 0.0 else np.nan


@kernel
def _pearson(x: Column, y: Column, length: int, alone: bool, with_na: bool) -> Column:
    """Give the correlation, or the covariance `alone`; nothing on meeting an na, unless `with_na`. See `_moments`."""
    n = len(x)
    out = np.empty(n)
    out[: length - 1] = np.nan
    share = 1.0 / length
    x0 = y0 = sum_x = sum_y = sum_xx = sum_yy = sum_xy = most_x = most_y = squares_x = squares_y = 0.0
    due = length - 1
    for i in range(length - 1, n):
        anew = i >= due
        if not anew:
            a, b = x[i] - x0, y[i] - y0
            c, d = x[i - length] - x0, y[i - length] - y0
            sum_x += a - c
            sum_y += b - d
            sum_xx += (a - c) * (a + c)
            sum_yy += (b - d) * (b + d)
            sum_xy += a * b - c * d
            most_x = sum_xx if sum_xx > most_x else most_x
            most_y = sum_yy if sum_yy > most_y else most_y
            squares_x, squares_y = sum_xx - sum_x * sum_x * share, sum_yy - sum_y * sum_y * share
            anew = not ((squares_x >= _SHRUNK * most_x) & (squares_y >= _SHRUNK * most_y))
        if anew:
            due = i + 4 * length + 64
            sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
            for k in range(i - length + 1, i + 1):
                sum_x += x[k] - x[i]
                sum_y += y[k] - y[i]
            x0, y0 = x[i] + sum_x * share, y[i] + sum_y * share
            sum_x = sum_y = 0.0
            for k in range(i - length + 1, i + 1):
                a, b = x[k] - x0, y[k] - y0
                sum_x += a
                sum_y += b
                sum_xx += a * a
                sum_yy += b * b
                sum_xy += a * b
            most_x, most_y = sum_xx, sum_yy
            squares_x, squares_y = sum_xx - sum_x * sum_x * share, sum_yy - sum_y * sum_y * share
            if np.isnan(squares_x + squares_y) and not with_na:
                return out[:0]
        covariance = (sum_xy - sum_x * sum_y * share) * share
        out[i] = covariance if alone else _ratio(covariance, squares_x * share, squares_y * share)
    return out


@kernel
def _ratios(covariance: Column, variance_x: Column, variance_y: Column) -> Column:
    out = np.empty(len(covariance))
    for i in range(len(covariance)):
        out[i] = _ratio(covariance[i], variance_x[i], variance_y[i])
    return out


def correlation(source1: Column, source2: Column, length: int) -> Column:
    """Give the covariance over the root of the variances' product. Source: Pine Script reference, ta.correlation.

    0 where the covariance is at most 1e-10, so also where a series stands still. TradingView passes over na in either
    series, and in their product, each on its own: until the last `length` bars are the same ones for all three, its
    value is no correlation and may be beyond 1, here as there.
    """
    out = _pearson(source1, source2, length, False, False)
    if len(out) == len(source1):
        return out
    both = source1 * source2
    x, y = np.where(np.isnan(both), np.nan, source1), np.where(np.isnan(both), np.nan, source2)
    covariance = spread(_pearson(packed(x), packed(y), length, True, True), both)
    joint_x, joint_y = mean_and_variance(x, length)[0], mean_and_variance(y, length)[0]
    mean_x, variance_x = mean_and_variance(source1, length)
    mean_y, variance_y = mean_and_variance(source2, length)
    # E[xy] - E[x] E[y], where E[xy] is the covariance on the common bars and the product of the means there.
    return _ratios(covariance + (joint_x * joint_y - mean_x * mean_y), variance_x, variance_y)


FUNCTIONS = (
    Function(
        "correlation",
        (Parameter("source1", Kind.SERIES), Parameter("source2", Kind.SERIES), LENGTH),
        correlation,
        window,
        follows=Follows.SHAPE,
    ),
)
