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
    begin = 0
    while begin < len(a) and (np.isnan(a[begin]) or np.isnan(b[begin])):
        out[begin] = UNKNOWN
        begin += 1
    out[begin : begin + 1] = FALSE
    if _crossed_over(a[begin:-1], b[begin:-1], a[begin + 1 :], b[begin + 1 :], out[begin + 1 :]):
        _crossover_past_na(a, b, out)
    return out


@kernel
def _crossed_over(a_before: Column, b_before: Column, a: Column, b: Column, out: Truth) -> int:
    """Compare each bar with the one before it, many at once; give how many are na: then that is not enough."""
    missing = 0
    for i in range(len(out)):
        out[i] = TRUE * ((a[i] > b[i]) & (a_before[i] <= b_before[i]))
        missing += np.isnan(a[i]) | np.isnan(b[i])
    return missing


@kernel
def _crossover_past_na(a: Column, b: Column, out: Truth) -> None:
    was_at_or_below = False
    for i in range(len(a)):
        if np.isnan(a[i]) or np.isnan(b[i]):
            out[i] = UNKNOWN
            continue
        out[i] = TRUE if was_at_or_below and a[i] > b[i] else FALSE
        was_at_or_below = a[i] <= b[i]


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
