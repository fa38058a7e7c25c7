"""Pearson's correlation of two series over a window."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter, window
from engine.indicators.kernel import Column, kernel
from engine.indicators.rolling_sum import pine_sum, pine_sum_and_squares

# TradingView takes a covariance at or below this for zero; measured there by PyneCore's authors.
_ZERO = 1e-10


@kernel
def _ratios(x: Column, xx: Column, y: Column, yy: Column, xy: Column, length: int) -> None:
    """The sums of products become correlations."""
    for i in range(len(x)):
        mean_x, mean_y = x[i] / length, y[i] / length
        covariance = xy[i] / length - mean_x * mean_y
        variance_x, variance_y = xx[i] / length - mean_x * mean_x, yy[i] / length - mean_y * mean_y
        # Below 0 for rounding is 0, and then there is no correlation.
        product = variance_x * variance_y if variance_x > 0.0 and variance_y > 0.0 else np.nan
        zero = abs(covariance) <= _ZERO
        xy[i] = 0.0 if zero else covariance / np.sqrt(product if product > 0.0 else np.nan)


def correlation(source1: Column, source2: Column, length: int) -> Column:
    """Give the covariance over the root of the variances' product. Source: Pine Script reference, ta.correlation.

    Of Pine's rolling sums, as in deviation.py, and as measured there. 0 where the covariance is at most 1e-10, so also
    where a series stands still, unless rounding leaves more of it: then na. TradingView passes over na in either
    series, and in their product, each on its own: until the last `length` bars are the same ones for all three, its
    value is no correlation and may be beyond 1, here as there.
    """
    x, xx = pine_sum_and_squares(source1, length)
    y, yy = pine_sum_and_squares(source2, length)
    xy = pine_sum(source1 * source2, length)
    _ratios(x, xx, y, yy, xy, length)
    return xy


FUNCTIONS = (
    Function(
        "correlation",
        (Parameter("source1", Kind.SERIES), Parameter("source2", Kind.SERIES), LENGTH),
        correlation,
        window,
        follows=Follows.SHAPE,
    ),
)
