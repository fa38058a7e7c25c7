"""Whether a series has risen, or fallen, on each of the last bars.

Source: Pine Script reference, ta.rising and ta.falling. As measured on TradingView by PyneCore's authors, a step of up
to 1e-10 is none. A step from or to na is unknown, and so is the answer, unless a known step already denies it.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Column, Truth, kernel

# Pine's operators take numbers this close for equal.
_TOLERANCE = 1e-10


@kernel
def _streak(source: Column, length: int, sign: float) -> Truth:
    """TRUE where each of the last `length` steps was up (`sign` 1) or down (-1). Needs `length` earlier bars."""
    out = np.empty(len(source), dtype=np.int8)
    denied, unknown = -length, 0  # the last bars with such a step
    last = np.nan
    for i in range(len(source)):
        step = sign * (source[i] - last)
        last = source[i]
        denied = i if step <= _TOLERANCE else denied
        unknown = i if np.isnan(step) else unknown
        out[i] = FALSE if i - denied < length else UNKNOWN if i - unknown < length else TRUE
    return out


def rising(source: Column, length: int) -> Truth:
    """TRUE where the source has risen on each of the last `length` bars."""
    return _streak(source, length, 1.0)


def falling(source: Column, length: int) -> Truth:
    """TRUE where the source has fallen on each of the last `length` bars."""
    return _streak(source, length, -1.0)


def _memory(length: int) -> int:
    return length


FUNCTIONS = tuple(
    Function(function.__name__, (SOURCE, LENGTH), function, _memory, result=Kind.CONDITION, follows=Follows.SHAPE)
    for function in (rising, falling)
)
