"""True range, and its Wilder average."""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import rma
from engine.indicators.function import CANDLE, LENGTH, Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, Column, decay_bars, kernel


def tr(high: Column, low: Column, close: Column, handle_na: bool) -> Column:
    """Greatest of high - low, |high - last close|, |low - last close|. Source: Pine Script reference, ta.tr.

    Where there is no last close: high - low with `handle_na`, else na. Needs 1 earlier bar.
    """
    # NumPy gets large columns in large pages; numba's own are slow when first touched.
    out = np.empty(len(close))
    _tr(high, low, close, handle_na, out)
    return out


@kernel
def _tr(high: Column, low: Column, close: Column, handle_na: bool, out: Column) -> None:
    if len(out) == 0:
        return
    out[0] = high[0] - low[0] if handle_na else np.nan
    # Without branches, and with one index for all columns: so it is vectorised.
    highs, lows, ranges, lasts = high[1:], low[1:], out[1:], close[:-1]
    for i in range(len(ranges)):
        spread = highs[i] - lows[i]
        alone = spread if handle_na else np.nan
        greatest = max(spread, abs(highs[i] - lasts[i]), abs(lows[i] - lasts[i]))
        ranges[i] = alone if np.isnan(lasts[i]) else greatest


def atr(high: Column, low: Column, close: Column, length: int) -> Column:
    """rma of the true range; the first bar's is high - low. Source: Pine Script reference, ta.atr."""
    # Composed here and not inside a kernel: numba's cache notices changes in a kernel's own file only.
    return rma(tr(high, low, close, True), length)


def changes_memory(length: int) -> int:
    """Give how far an rma of ranges or changes looks back, which themselves look one bar back."""
    return length + decay_bars(1 / length, SEED_LEFT_OF_CHANGES)


FUNCTIONS = (
    Function("tr", (Parameter("handle_na", Kind.FLAG, "false"),), tr, lambda _handle_na: 1, reads=CANDLE),
    Function("atr", (LENGTH,), atr, changes_memory, reads=CANDLE),
)
