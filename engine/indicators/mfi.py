"""Money flow index: the share of volume-weighted prices on bars that rose."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel

# TradingView takes a change, and a sum, within this for zero (measured there by PyneCore's authors).
_ZERO = 1e-10


@kernel
def mfi(volume: Column, source: Column, length: int) -> Column:
    """100 - 100 / (1 + u / d): u and d sum source * volume of the last `length` bars that rose, and that fell.

    Source: Pine Script reference, ta.mfi. A bar that stood still is in neither sum, the first bar in both.
    Without falls it is 100. A bar whose source is na gives na and is passed over.
    """
    out = np.empty(len(source))
    ups, downs = np.zeros(length), np.zeros(length)
    up = up_lost = down = down_lost = 0.0
    count = at = 0
    last = np.nan
    for i in range(len(source)):
        x = source[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        change = x - last
        last = x
        flow = x * volume[i]
        rise = 0.0 if change <= _ZERO else flow
        fall = 0.0 if change >= -_ZERO else flow
        up, up_lost = _moved(up, up_lost, rise, ups[at])
        down, down_lost = _moved(down, down_lost, fall, downs[at])
        ups[at], downs[at] = rise, fall
        at = at + 1 if at + 1 < length else 0
        count += 1
        if count >= length:
            inflow, outflow = up + up_lost, down + down_lost
            if abs(outflow) <= _ZERO:
                out[i] = 100.0
            elif abs(inflow) <= _ZERO:
                out[i] = 0.0
            else:
                out[i] = 100.0 - 100.0 / (1.0 + inflow / outflow)
    return out


@kernel
def _moved(total: float, lost: float, x: float, oldest: float) -> tuple[float, float]:
    """Give total + x - oldest, and `lost` with what the roundings dropped (Knuth's compensation)."""
    grown = total + x
    part = grown - total
    lost += (total - (grown - part)) + (x - part)
    shrunk = grown - oldest
    part = shrunk - grown
    return shrunk, lost + ((grown - (shrunk - part)) - (oldest + part))


FUNCTIONS = (
    Function("mfi", (Parameter("series", Kind.SERIES), LENGTH), mfi, lambda length: length, reads=("volume",)),
)
