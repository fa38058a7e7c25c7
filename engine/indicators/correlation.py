"""Pearson's correlation of two series over a window."""

from __future__ import annotations

from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter, window
from engine.indicators.kernel import Column
from engine.indicators.rolling_sum import pine_correlation


def correlation(source1: Column, source2: Column, length: int) -> Column:
    """Give the covariance over the root of the variances' product. Source: Pine Script reference, ta.correlation.

    Of Pine's rolling sums, as in deviation.py, and as measured there. 0 where the covariance is at most 1e-10, so also
    where a series stands still, unless rounding leaves more of it: then na. TradingView passes over na in either
    series, and in their product, each on its own: until the last `length` bars are the same ones for all three, its
    value is no correlation and may be beyond 1, here as there.
    """
    return pine_correlation(source1, source2, length)


FUNCTIONS = (
    Function(
        "correlation",
        (Parameter("source1", Kind.SERIES), Parameter("source2", Kind.SERIES), LENGTH),
        correlation,
        window,
        follows=Follows.SHAPE,
    ),
)
