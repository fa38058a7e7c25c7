"""Supertrend: a stop line that follows the price at some ATRs and changes side when the close breaks it."""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import Column, kernel
from engine.indicators.true_range import atr


@kernel
def supertrend(high: Column, low: Column, close: Column, factor: float, length: int) -> tuple[Column, Column]:
    """Give the line and the direction: -1 in an up-trend (line below), 1 in a down-trend (line above).

    Source: Pine Script reference, ta.supertrend. Until the ATR is known the line is na and the direction 1, except that
    TradingView draws 0 on the very first bar, as here.
    """
    n = len(close)
    value = np.full(n, np.nan)
    direction = np.ones(n)
    reach = atr(high, low, close, length)
    lower = upper = np.nan
    for i in range(n):
        if i == 0:
            value[0] = 0.0
            continue
        if np.isnan(reach[i]):
            continue
        middle = (high[i] + low[i]) / 2.0
        new_lower = middle - factor * reach[i]
        new_upper = middle + factor * reach[i]
        if np.isnan(lower):
            lower, upper = new_lower, new_upper
            value[i] = upper
            continue
        if new_lower > lower or close[i - 1] < lower:
            lower = new_lower
        was_above = direction[i - 1] > 0
        if new_upper < upper or close[i - 1] > upper:
            upper = new_upper
        if was_above:
            direction[i] = -1.0 if close[i] > upper else 1.0
        else:
            direction[i] = 1.0 if close[i] < lower else -1.0
        value[i] = upper if direction[i] > 0 else lower
    return value, direction
