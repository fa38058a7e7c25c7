"""Wilder's directional movement: how much of the ranges went up, how much down, and how one-sided that was."""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import rma_memory
from engine.indicators.function import CANDLE, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.true_range import changes_memory

# Pine's operators take numbers this close for equal.
_TOLERANCE = 1e-10


@kernel
def dmi(high: Column, low: Column, close: Column, length: int, smoothing: int) -> tuple[Column, Column, Column]:
    """Give +DI, -DI and ADX, each 0 to 100. Source: Pine Script reference, ta.dmi.

    The DIs are the rma of the movement that went further, as a percentage of the rma of the true range; ADX is the rma
    of |+DI - -DI| / (+DI + -DI). As measured on TradingView by PyneCore's authors, the first bar has no true range, and
    movements up to 1e-10 are none. A bar that knows no last bar, or na, gives na and is skipped; where all ranges were
    0 so far, all three are na.
    """
    n = len(close)
    out = np.full((3, n), np.nan)
    alpha, alpha_adx = 1.0 / length, 1.0 / smoothing
    keep, keep_adx = 1.0 - alpha, 1.0 - alpha_adx
    spread = plus = minus = adx = 0.0
    count = count_adx = 0
    for i in range(1, n):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        reach = max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        if np.isnan(up + down + close[i - 1]):
            continue
        rise = up if (up - down > _TOLERANCE) & (up > _TOLERANCE) else 0.0
        fall = down if (down - up > _TOLERANCE) & (down > _TOLERANCE) else 0.0
        count += 1
        if count > length:
            spread = spread * keep + reach * alpha
            plus = plus * keep + rise * alpha
            minus = minus * keep + fall * alpha
        else:
            spread += reach
            plus += rise
            minus += fall
            if count < length:
                continue
            spread /= length
            plus /= length
            minus /= length
        if spread == 0:
            continue
        out[0, i] = 100.0 * plus / spread
        out[1, i] = 100.0 * minus / spread
        both = plus + minus
        share = abs(plus - minus) / both if both != 0 else 0.0
        count_adx += 1
        if count_adx > smoothing:
            adx = adx * keep_adx + share * alpha_adx
        else:
            adx += share
            if count_adx < smoothing:
                continue
            adx /= smoothing
        out[2, i] = 100.0 * adx
    return out[0], out[1], out[2]


def _memory(length: int, smoothing: int) -> int:
    return changes_memory(length) + rma_memory(smoothing)


FUNCTIONS = (
    Function(
        "dmi",
        (Parameter("diLength", Kind.LENGTH), Parameter("adxSmoothing", Kind.LENGTH)),
        dmi,
        _memory,
        reads=CANDLE,
        outputs=("plus", "minus", "adx"),
    ),
)
