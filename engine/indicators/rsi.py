"""Wilder's relative strength index."""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import rma
from engine.indicators.kernel import Column, kernel

# TradingView takes a side at or below this for zero; measured there on series that stand still for days.
_ZERO = 1e-10


@kernel
def rsi(source: Column, length: int) -> Column:
    """100 - 100 / (1 + rma of gains / rma of losses), 0 to 100. Source: Pine Script reference, ta.rsi.

    Without losses it is 100 (also without gains and losses), without gains 0. A bar whose source is na is skipped.
    """
    gains = np.full(len(source), np.nan)
    losses = np.full(len(source), np.nan)
    last = np.nan
    for i in range(len(source)):
        x = source[i]
        if np.isnan(x):
            continue
        if not np.isnan(last):
            gains[i] = max(x - last, 0.0)
            losses[i] = max(last - x, 0.0)
        last = x
    up = rma(gains, length)
    down = rma(losses, length)
    for i in range(len(source)):
        if np.isnan(up[i]):
            continue
        if down[i] <= _ZERO:
            up[i] = 100.0
        elif up[i] <= _ZERO:
            up[i] = 0.0
        else:
            up[i] = 100.0 - 100.0 / (1.0 + up[i] / down[i])
    return up
