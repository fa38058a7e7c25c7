"""Looking back to events: when a condition last held, and what a series was then.

Source: Pine Script reference, ta.barssince and ta.valuewhen. Only TRUE counts as the event: a condition that is unknown
is none.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import EVENT_BARS, Endless, Follows, Function, Kind, Parameter
from engine.indicators.kernel import TRUE, Column, Truth, kernel


@kernel
def barssince(condition: Truth) -> Column:
    """Count the bars since the condition was last TRUE, 0 on that bar; na before the first time."""
    out = np.empty(len(condition))
    count = np.nan
    for i in range(len(condition)):
        count = 0.0 if condition[i] == TRUE else count + 1.0
        out[i] = count
    return out


@kernel
def valuewhen(condition: Truth, source: Column, occurrence: int) -> Column:
    """Give the source where the condition was TRUE for the last time, or `occurrence` times before that.

    na before there were so many. A source that was na then gives na, and counts.
    """
    out = np.empty(len(condition))
    ring = np.full(occurrence + 1, np.nan)
    newest = 0
    for i in range(len(condition)):
        if condition[i] == TRUE:
            newest = newest + 1 if newest < occurrence else 0
            ring[newest] = source[i]
        out[i] = ring[newest + 1 if newest < occurrence else 0]
    return out


_CONDITION = Parameter("condition", Kind.CONDITION)

FUNCTIONS = (
    Function("barssince", (_CONDITION,), barssince, lambda: EVENT_BARS, endless=Endless.EVENT),
    Function(
        "valuewhen",
        (_CONDITION, Parameter("source", Kind.SERIES), Parameter("occurrence", Kind.WHOLE)),
        valuewhen,
        lambda _occurrence: EVENT_BARS,
        endless=Endless.EVENT,
        follows=Follows.LEVEL,
    ),
)
