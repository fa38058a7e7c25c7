"""Whether one series has crossed another. Exact comparison, against the last bar on which both were known.

Source: Pine Script reference, ta.cross, ta.crossover and ta.crossunder. Measured on TradingView by PyneCore's authors:
bars with na are passed over; crossover and crossunder compare without the tolerance of Pine's operators; cross is not
one or the other of them, since it remembers the side beyond bars on which the two were equal within that tolerance.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Follows, Function, Kind, Parameter
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Column, Truth, kernel

# Pine's operators take numbers this close for equal.
_TOLERANCE = 1e-10


@kernel
def cross(a: Column, b: Column) -> Truth:
    """TRUE where a is on the other side of b than when they last differed by more than 1e-10; UNKNOWN where na is."""
    out = np.empty(len(a), dtype=np.int8)
    side = 0
    for i in range(len(a)):
        apart = a[i] - b[i]
        if np.isnan(apart) and (np.isnan(a[i]) or np.isnan(b[i])):
            out[i] = UNKNOWN
            continue
        out[i] = TRUE if (side < 0 and a[i] > b[i]) or (side > 0 and a[i] < b[i]) else FALSE
        if abs(apart) > _TOLERANCE:
            side = 1 if apart > 0 else -1
    return out


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


def _memory() -> int:
    return 1


def _cross_memory() -> int:
    # Bars in a row on which the two are equal are looked past, however many. Rare on prices, and never this many.
    return 20


FUNCTIONS = (
    Function("cross", _PAIR, cross, _cross_memory, result=Kind.CONDITION, follows=Follows.SHAPE),
    Function("crossover", _PAIR, crossover, _memory, result=Kind.CONDITION, follows=Follows.SHAPE),
    Function("crossunder", _PAIR, crossunder, _memory, result=Kind.CONDITION, follows=Follows.SHAPE),
)
