"""Supertrend: a stop line that follows the price at some ATRs and changes side when the close breaks it."""

from __future__ import annotations

import math

import numpy as np

from engine.indicators.averages import rma_memory
from engine.indicators.function import CANDLE, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.true_range import atr


def supertrend(high: Column, low: Column, close: Column, factor: float, length: int) -> tuple[Column, Column]:
    """Give the line and the direction: -1 in an up-trend (line below), 1 in a down-trend (line above).

    Source: Pine Script reference, ta.supertrend. Until the ATR is known the line is na and the direction 1, except that
    TradingView draws 0 on the very first bar, as here.
    """
    # Composed here and not inside the kernel: numba's cache notices changes in a kernel's own file only.
    return _follow(high, low, close, atr(high, low, close, length), factor)


@kernel
def _follow(high: Column, low: Column, close: Column, reach: Column, factor: float) -> tuple[Column, Column]:
    n = len(close)
    value = np.full(n, np.nan)
    direction = np.ones(n)
    if n > 0:
        value[0] = 0.0
    lower = upper = np.nan
    falling = True
    for i in range(1, n):
        if np.isnan(reach[i]):
            direction[i] = 1.0 if falling else -1.0
            continue
        middle = (high[i] + low[i]) / 2.0
        new_lower = middle - factor * reach[i]
        new_upper = middle + factor * reach[i]
        # Not `or`, and no nested ifs: which band moves is a coin's toss, and a wrong guess costs more than both tests.
        begun, one = not np.isnan(lower), lower == upper
        lower = new_lower if np.isnan(lower) | (new_lower > lower) | (close[i - 1] < lower) else lower
        upper = new_upper if np.isnan(upper) | (new_upper < upper) | (close[i - 1] > upper) else upper
        if begun:
            # Pine asks whether the last line was the upper band. It was that, too, where both bands were one.
            falling = not close[i] > upper if falling | one else close[i] < lower
        direction[i] = 1.0 if falling else -1.0
        value[i] = upper if falling else lower
    return value, direction


def _memory(factor: float, length: int) -> int:
    # The bands are forgotten when the side changes. A walk leaves a band of `factor` ATRs after some factor² bars,
    # whatever the length, and the chance to wait longer falls exponentially. The longest wait beyond 1e-9 of the ATR's
    # memory in 21,600 restarts (factors 1 to 6, lengths 5 to 30; eurusd, btcusdt, the sample market) was
    # 4.2 factor²; tests/indicators/test_memory.py restarts anew.
    return 1 + rma_memory(length) + math.ceil(12 * factor * factor)


FUNCTIONS = (
    Function(
        "supertrend",
        (Parameter("factor", Kind.CONSTANT), Parameter("atrPeriod", Kind.LENGTH)),
        supertrend,
        _memory,
        reads=CANDLE,
        outputs=("value", "direction"),
    ),
)
