"""True range, and its Wilder average."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import CANDLE, LENGTH, Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, Column, decay_bars, kernel


@kernel
def tr(high: Column, low: Column, close: Column, handle_na: bool) -> Column:
    """Greatest of high - low, |high - last close|, |low - last close|. Source: Pine Script reference, ta.tr.

    Where there is no last close: high - low with `handle_na`, else na. Needs 1 earlier bar.
    """
    out = np.empty(len(close))
    for i in range(len(close)):
        spread = high[i] - low[i]
        if i > 0 and not np.isnan(close[i - 1]):
            last = close[i - 1]
            out[i] = max(spread, abs(high[i] - last), abs(low[i] - last))
        else:
            out[i] = spread if handle_na else np.nan
    return out


@kernel
def atr(high: Column, low: Column, close: Column, length: int) -> Column:
    """rma of the true range; the first bar's is high - low. Source: Pine Script reference, ta.atr."""
    out = tr(high, low, close, True)
    alpha = 1.0 / length
    value = seed = 0.0
    count = 0
    for i in range(len(out)):
        x = out[i]
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


def changes_memory(length: int) -> int:
    """Give how far an rma of ranges or changes looks back, which themselves look one bar back."""
    return length + decay_bars(1 / length, SEED_LEFT_OF_CHANGES)


FUNCTIONS = (
    Function("tr", (Parameter("handle_na", Kind.FLAG, "false"),), tr, lambda _handle_na: 1, reads=CANDLE),
    Function("atr", (LENGTH,), atr, changes_memory, reads=CANDLE),
)
