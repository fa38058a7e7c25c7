"""Whether one series has crossed another. Exact comparison, against the last bar on which both were known.

Source: Pine Script reference, ta.crossover and ta.crossunder; that bars with na are passed over, and that these two
compare without the tolerance of Pine's operators, was measured on TradingView by PyneCore's authors.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Function, Kind, Parameter
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Column, Truth, kernel


@kernel
def crossover(a: Column, b: Column) -> Truth:
    """TRUE where a is above b and was not above it before; UNKNOWN where either is na."""
    out = np.empty(len(a), dtype=np.int8)
    was_at_or_below = False
    for i in range(len(a)):
        if np.isnan(a[i]) or np.isnan(b[i]):
            out[i] = UNKNOWN
            continue
        out[i] = TRUE if was_at_or_below and a[i] > b[i] else FALSE
        was_at_or_below = a[i] <= b[i]
    return out


@kernel
def crossunder(a: Column, b: Column) -> Truth:
    """TRUE where a is below b and was not below it before; UNKNOWN where either is na."""
    return crossover(b, a)


_PAIR = (Parameter("source1", Kind.SERIES), Parameter("source2", Kind.SERIES))

FUNCTIONS = (
    Function("crossover", _PAIR, crossover, lambda: 1, result=Kind.CONDITION),
    Function("crossunder", _PAIR, crossunder, lambda: 1, result=Kind.CONDITION),
)
