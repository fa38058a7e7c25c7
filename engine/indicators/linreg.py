"""The line of least squares through the last bars."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.wma import linear_sums


def linreg(source: Column, length: int, offset: int) -> Column:
    """Value of the line through the last `length` bars, `offset` bars before the last of them (after it if negative).

    Source: Pine Script reference, ta.linreg: intercept + slope * (length - 1 - offset). Windows count bars, and one
    that holds na gives na. A line through one bar is level.
    """
    if length == 1:
        return source.copy()
    out = np.empty(len(source))
    for begin, total, weighted in linear_sums(source, length):
        _line(total, weighted, length, offset, out[begin:])
    return out


@kernel
def _line(total: Column, weighted: Column, length: int, offset: int, out: Column) -> None:
    # The places are 1 (oldest) to length. The order of the operations is TradingView's, as measured by PyneCore's
    # authors; others give other last bits.
    places = squares = 0.0
    for k in range(1, length + 1):
        places += k
        squares += float(k) * k
    divisor = length * squares - places * places
    for i in range(len(total)):
        slope = (length * weighted[i] - places * total[i]) / divisor
        intercept = total[i] / length - slope * places / length + slope
        out[i] = intercept + slope * (length - 1 - offset)


FUNCTIONS = (
    Function(
        "linreg",
        (SOURCE, LENGTH, Parameter("offset", Kind.INTEGER)),
        linreg,
        lambda length, _offset: length - 1,
        follows=Follows.LEVEL,
    ),
)
