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
    """TRUE where each of the last `length` steps was up (`sign` 1) or down (-1). Needs `length` earlier bars.

    "Each of" is the least of their truths, and those of a wide window are those of two narrow ones that overlap.
    """
    n = len(source)
    truths, wider = np.empty(n, dtype=np.int8), np.empty(n, dtype=np.int8)
    truths[:1] = UNKNOWN
    later, earlier, steps = source[1:], source[:-1], truths[1:]
    for i in range(len(steps)):
        step = sign * (later[i] - earlier[i])
        steps[i] = (TRUE if step > _TOLERANCE else FALSE) | (UNKNOWN if np.isnan(step) else FALSE)
    width = 1
    while width < min(length, n):
        more = min(width, length - width)
        wider[:more] = truths[:more]
        one, other, out = truths[more:], truths[:-more], wider[more:]
        for i in range(len(out)):
            out[i] = one[i] if one[i] < other[i] else other[i]
        truths, wider = wider, truths
        width += more
    return truths


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
