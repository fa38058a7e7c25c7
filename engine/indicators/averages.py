"""Moving averages: simple, exponential, and Wilder's. A bar whose source is na gives na and is skipped whole.

Source of the formulas: Pine Script reference, ta.sma, ta.ema, ta.rma.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Function, window
from engine.indicators.kernel import Column, decay_bars, kernel


@kernel
def sma(source: Column, length: int) -> Column:
    """Mean of the last `length` values. Needs `length` - 1 earlier values.

    A running sum with Neumaier's compensation, so that it does not drift however long the column is.
    """
    out = np.empty(len(source))
    total = lost = 0.0
    count = oldest = 0
    for i in range(len(source)):
        out[i] = np.nan
        if np.isnan(source[i]):
            continue
        count += 1
        terms = 1
        if count > length:
            while np.isnan(source[oldest]):
                oldest += 1
            terms = 2
        for k in range(terms):
            x = source[i] if k == 0 else -source[oldest]
            grown = total + x
            lost += (total - grown) + x if abs(total) >= abs(x) else (x - grown) + total
            total = grown
        if count > length:
            oldest += 1
        if count >= length:
            out[i] = (total + lost) / length
    return out


@kernel
def ema(source: Column, length: int) -> Column:
    """Exponential average, alpha = 2 / (length + 1), begun with the simple average of the first `length` values."""
    out = np.empty(len(source))
    alpha = 2.0 / (length + 1)
    value = seed = 0.0
    count = 0
    for i in range(len(source)):
        x = source[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        count += 1
        if count > length:
            value += alpha * (x - value)
        else:
            seed += x
            value = seed / length
        if count >= length:
            out[i] = value
    return out


@kernel
def rma(source: Column, length: int) -> Column:
    """Wilder's average, alpha = 1 / length, begun with the simple average of the first `length` values."""
    out = np.empty(len(source))
    alpha = 1.0 / length
    value = seed = 0.0
    count = 0
    for i in range(len(source)):
        x = source[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        count += 1
        if count > length:
            value += alpha * (x - value)
        else:
            seed += x
            value = seed / length
        if count >= length:
            out[i] = value
    return out


def ema_memory(length: int) -> int:
    """Give how far an ema looks back: its seed's bars, and until that is forgotten."""
    return length - 1 + decay_bars(2 / (length + 1))


def rma_memory(length: int) -> int:
    """Give how far an rma of prices looks back."""
    return length - 1 + decay_bars(1 / length)


FUNCTIONS = (
    Function("sma", (SOURCE, LENGTH), sma, window),
    Function("ema", (SOURCE, LENGTH), ema, ema_memory),
    Function("rma", (SOURCE, LENGTH), rma, rma_memory),
)
