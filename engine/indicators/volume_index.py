"""Negative and positive volume index: the market's growth on the days of falling, and of rising, volume.

Source of the formulas: Pine Script reference, ta.nvi, ta.pvi. Both are 1 on the first candle there is and grow by
factors, so that only their ratios mean something.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Endless, Function
from engine.indicators.kernel import Column, kernel


@kernel
def nvi(close: Column, volume: Column) -> Column:
    """Grows as the close does on bars with less volume than the one before; stays where either close is 0 or na."""
    out = np.empty(len(close))
    value = 1.0
    for i in range(len(close)):
        if i > 0:
            value += _growth(close[i - 1], close[i], volume[i] < volume[i - 1]) * value
        out[i] = value
    return out


@kernel
def pvi(close: Column, volume: Column) -> Column:
    """Grows as the close does on bars with more volume than the one before; stays where either close is 0 or na."""
    out = np.empty(len(close))
    value = 1.0
    for i in range(len(close)):
        if i > 0:
            value += _growth(close[i - 1], close[i], volume[i] > volume[i - 1]) * value
        out[i] = value
    return out


@kernel
def _growth(last: float, close: float, counts: bool) -> float:
    growth = (close - last) / last
    return growth if counts and close != 0.0 and np.isfinite(growth) else 0.0


FUNCTIONS = (
    Function("nvi", (), nvi, lambda: 1, reads=("close", "volume"), endless=Endless.PRODUCT),
    Function("pvi", (), pvi, lambda: 1, reads=("close", "volume"), endless=Endless.PRODUCT),
)
