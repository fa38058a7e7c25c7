"""Running totals: on-balance volume, accumulation/distribution, price-volume trend, Williams' own of the second.

Source of the formulas: Pine Script reference, ta.obv, ta.accdist, ta.pvt, ta.wad. They count from the first candle
there is, so that only their changes mean something. Knuth's compensation keeps them from drifting.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Endless, Function
from engine.indicators.kernel import Column, kernel

_PART = 32


@kernel
def _added(total: float, lost: float, x: float) -> tuple[float, float]:
    """Give total + x, and `lost` with what its rounding dropped."""
    grown = total + x
    part = grown - total
    return grown, lost + ((total - (grown - part)) + (x - part))


@kernel
def _add_up(flows: Column) -> None:
    """Put in each flow's place the total up to it; na, and what is infinite, becomes na and is passed over.

    One addition waits for the last, so a block's four parts are added up at once, each from 0, and then raised by the
    total before it.
    """
    parts = np.empty(4 * _PART)
    total = lost = 0.0
    for begin in range(0, len(flows), 4 * _PART):
        block = flows[begin : begin + 4 * _PART]
        if len(block) == 4 * _PART:
            first = second = third = fourth = 0.0
            for k in range(_PART):
                a, b, c, d = block[k], block[_PART + k], block[2 * _PART + k], block[3 * _PART + k]
                first += a if abs(a) < np.inf else 0.0
                second += b if abs(b) < np.inf else 0.0
                third += c if abs(c) < np.inf else 0.0
                fourth += d if abs(d) < np.inf else 0.0
                parts[k], parts[_PART + k], parts[2 * _PART + k], parts[3 * _PART + k] = first, second, third, fourth
            for begun in range(0, 4 * _PART, _PART):
                totals, part = block[begun : begun + _PART], parts[begun : begun + _PART]
                for k in range(_PART):
                    totals[k] = total + (lost + part[k]) if abs(totals[k]) < np.inf else np.nan
                total, lost = _added(total, lost, part[_PART - 1])
        else:
            for k in range(len(block)):
                known = abs(block[k]) < np.inf
                total, lost = _added(total, lost, block[k] if known else 0.0)
                block[k] = total + lost if known else np.nan


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
    for k in range(len(out)):
        flow = ((close[k] - low[k]) - (high[k] - close[k])) / (high[k] - low[k]) * volume[k]
        out[k] = flow if abs(flow) < np.inf else 0.0
    _add_up(out)


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
    flows, closes, lasts, volumes = out[1:], close[1:], close[:-1], volume[1:]
    for k in range(len(flows)):
        flows[k] = (closes[k] - lasts[k]) / lasts[k] * volumes[k]
    _add_up(flows)


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
