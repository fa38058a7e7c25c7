"""Wilder's relative strength index."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function
from engine.indicators.kernel import Column, kernel
from engine.indicators.true_range import changes_memory

# TradingView takes a side at or below this for zero; measured there on series that stand still for days.
_ZERO = 1e-10


@kernel
def rsi(source: Column, length: int) -> Column:
    """100 - 100 / (1 + rma of gains / rma of losses), 0 to 100. Source: Pine Script reference, ta.rsi.

    Without losses it is 100 (also without gains and losses), without gains 0. A bar whose source is na is skipped.
    """
    out = np.empty(len(source))
    alpha = 1.0 / length
    keep = 1.0 - alpha
    last = np.nan
    up = down = 0.0
    count = -1  # of the changes; the first bar has none
    for i in range(len(source)):
        x = source[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        count += 1
        change = x - last
        last = x
        if count == 0:
            continue
        # The greater of change and 0, and of -change and 0, without a branch that prices make unpredictable.
        gain = 0.5 * (abs(change) + change)
        loss = gain - change
        if count > length:
            up = up * keep + gain * alpha
            down = down * keep + loss * alpha
        else:
            up += gain
            down += loss
            if count == length:
                up /= length
                down /= length
        if count >= length:
            if down <= _ZERO:
                out[i] = 100.0
            elif up <= _ZERO:
                out[i] = 0.0
            else:
                out[i] = 100.0 * up / (up + down)
    return out


FUNCTIONS = (Function("rsi", (SOURCE, LENGTH), rsi, changes_memory, follows=Follows.SHAPE),)
