"""Where in its range a bar closed, seen with its volume: intraday intensity, and Williams' variable A/D.

Source of the formulas: Pine Script reference, ta.iii, ta.wvad. A bar without a range (iii: or without volume) gives na.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import CANDLE, Function
from engine.indicators.kernel import Column, kernel


@kernel
def iii(high: Column, low: Column, close: Column, volume: Column) -> Column:
    """(2 close - high - low) / ((high - low) * volume)."""
    out = np.empty(len(close))
    for i in range(len(close)):
        value = (2.0 * close[i] - high[i] - low[i]) / ((high[i] - low[i]) * volume[i])
        out[i] = value if np.isfinite(value) else np.nan
    return out


@kernel
def wvad(open_: Column, high: Column, low: Column, close: Column, volume: Column) -> Column:
    """(close - open) / (high - low) * volume."""
    out = np.empty(len(close))
    for i in range(len(close)):
        value = (close[i] - open_[i]) / (high[i] - low[i]) * volume[i]
        out[i] = value if np.isfinite(value) else np.nan
    return out


FUNCTIONS = (
    Function("iii", (), iii, lambda: 0, reads=(*CANDLE, "volume")),
    Function("wvad", (), wvad, lambda: 0, reads=("open", *CANDLE, "volume")),
)
