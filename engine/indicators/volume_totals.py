"""Running totals: on-balance volume, accumulation/distribution, price-volume trend, Williams' own of the second.

Source of the formulas: Pine Script reference, ta.obv, ta.accdist, ta.pvt, ta.wad. They count from the first candle
there is, so that only their changes mean something. Knuth's compensation keeps them exact however long the column.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Endless, Function
from engine.indicators.kernel import Column, kernel

_BLOCK = 64


@kernel
def _added(total: float, lost: float, x: float) -> tuple[float, float]:
    """Give total + x, and `lost` with what its rounding dropped."""
    grown = total + x
    part = grown - total
    return grown, lost + ((total - (grown - part)) + (x - part))


@kernel
def obv(close: Column, volume: Column) -> Column:
    """Volume of the bars that closed higher, less that of those that closed lower; na on the first bar.

    Exact comparison. A bar whose close, or the one before, is na gives na and is passed over.
    """
    out = np.empty(len(close))
    total = lost = 0.0
    for i in range(len(close)):
        change = close[i] - close[i - 1] if i > 0 else np.nan
        if np.isnan(change):
            out[i] = np.nan
            continue
        side = (1.0 if change > 0.0 else 0.0) - (1.0 if change < 0.0 else 0.0)
        total, lost = _added(total, lost, side * volume[i])
        out[i] = total + lost
    return out


def accdist(high: Column, low: Column, close: Column, volume: Column) -> Column:
    """Total of volume * ((close - low) - (high - close)) / (high - low).

    A bar without a range, or with na, adds nothing and repeats the total.
    """
    # NumPy gets large columns in large pages; numba's own are slow when first touched.
    out = np.empty(len(close))
    _accdist(high, low, close, volume, out)
    return out


@kernel
def _accdist(high: Column, low: Column, close: Column, volume: Column, out: Column) -> None:
    total = lost = 0.0
    # A block's flows first, which the processor divides several at once, then their total. Blocks are small, so that
    # it divides for the next while it still adds.
    for begin in range(0, len(out), _BLOCK):
        totals = out[begin : begin + _BLOCK]
        highs, lows, closes, volumes = high[begin:], low[begin:], close[begin:], volume[begin:]
        for k in range(len(totals)):
            flow = ((closes[k] - lows[k]) - (highs[k] - closes[k])) / (highs[k] - lows[k]) * volumes[k]
            totals[k] = flow if abs(flow) < np.inf else 0.0
        for k in range(len(totals)):
            total, lost = _added(total, lost, totals[k])
            totals[k] = total + lost


def pvt(close: Column, volume: Column) -> Column:
    """Total of volume * (close - last close) / last close; na on the first bar.

    A bar where that is unknown (na, or a last close of 0) gives na and is passed over.
    """
    out = np.empty(len(close))
    _pvt(close, volume, out)
    return out


@kernel
def _pvt(close: Column, volume: Column, out: Column) -> None:
    out[:1] = np.nan
    total = lost = 0.0
    # In blocks, as above.
    for begin in range(1, len(out), _BLOCK):
        totals = out[begin : begin + _BLOCK]
        closes, lasts, volumes = close[begin:], close[begin - 1 :], volume[begin:]
        for k in range(len(totals)):
            flow = (closes[k] - lasts[k]) / lasts[k] * volumes[k]
            totals[k] = flow if abs(flow) < np.inf else np.nan
        for k in range(len(totals)):
            known = not np.isnan(totals[k])
            total, lost = _added(total, lost, totals[k] if known else 0.0)
            totals[k] = total + lost if known else np.nan


@kernel
def wad(high: Column, low: Column, close: Column) -> Column:
    """Total of the close's distance from the true low on bars that closed higher, from the true high on lower ones.

    True low and high take the last close in. The first bar, and one with na, adds nothing and repeats the total.
    """
    out = np.empty(len(close))
    total = lost = 0.0
    for i in range(len(close)):
        last = close[i - 1] if i > 0 else close[i]
        # Both moves, and their weights: which way a bar goes is a coin's toss, and a wrong guess costs more.
        rise = (close[i] - min(low[i], last)) * (1.0 if close[i] > last else 0.0)
        fall = (close[i] - max(high[i], last)) * (1.0 if close[i] < last else 0.0)
        gain = rise + fall
        total, lost = _added(total, lost, gain if abs(gain) < np.inf else 0.0)
        out[i] = total + lost
    return out


def _memory() -> int:
    # What a total adds to itself on a bar is known from that bar and the one before.
    return 1


FUNCTIONS = (
    Function("obv", (), obv, _memory, reads=("close", "volume"), endless=Endless.SUM),
    Function("accdist", (), accdist, _memory, reads=("high", "low", "close", "volume"), endless=Endless.SUM),
    Function("pvt", (), pvt, _memory, reads=("close", "volume"), endless=Endless.SUM),
    Function("wad", (), wad, _memory, reads=("high", "low", "close"), endless=Endless.SUM),
)
