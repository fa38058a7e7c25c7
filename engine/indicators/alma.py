"""Moving averages with other weights by place: Arnaud Legoux's, and the symmetric one of four bars."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter, window
from engine.indicators.kernel import Column, kernel
from engine.indicators.wma import dot


def alma(series: Column, length: int, offset: float, sigma: float, floor: bool) -> Column:
    """Average with Gaussian weights, highest at `offset` of the window, length / sigma wide.

    Source: Pine Script reference, ta.alma. Windows count bars, and one that holds na gives na. The weights are divided
    by their sum beforehand: so measured on TradingView by PyneCore's authors.

    Takes `length` steps a bar: no bell of weights can be made of the one a bar earlier, as one that falls by equal
    steps can. A Fourier transform would take fewer, but rounds by the largest value of a whole stretch, so that after
    a spike small prices have no digits. Several bars are computed at once: about 0.1 ns a step.
    """
    return dot(series, _weights(length, offset, sigma, floor), 1.0, np.empty(len(series)))


@lru_cache(maxsize=256)
def _weights(length: int, offset: float, sigma: float, floor: bool) -> Column:
    middle = offset * (length - 1)
    if floor:
        middle = float(math.floor(middle))
    width = length / sigma if sigma else math.inf
    weights = [math.exp(-((i - middle) ** 2) / (2 * width**2)) for i in range(length)]
    # Added one by one and not by sum(), which compensates in newer Pythons.
    total = 0.0
    for weight in weights:
        total += weight
    shares = [weight / total if total else math.nan for weight in weights]
    return np.array(shares)


@kernel
def swma(source: Column) -> Column:
    """Average of four bars with weights 1/6, 2/6, 2/6, 1/6. Source: Pine Script reference, ta.swma.

    Windows count bars, and one that holds na gives na.
    """
    out = np.empty(len(source))
    out[:3] = np.nan
    for i in range(len(source) - 3):
        out[i + 3] = (source[i + 3] + 2.0 * source[i + 2] + 2.0 * source[i + 1] + source[i]) / 6.0
    return out


_ALMA = (
    Parameter("series", Kind.SERIES),
    LENGTH,
    Parameter("offset", Kind.CONSTANT),
    Parameter("sigma", Kind.CONSTANT),
    Parameter("floor", Kind.FLAG, "false"),
)

FUNCTIONS = (
    Function("alma", _ALMA, alma, lambda length, *_: window(length), follows=Follows.LEVEL),
    Function("swma", (SOURCE,), swma, lambda: 3, follows=Follows.LEVEL),
)
