"""The candles that orders meet where a rule watches finer ones than its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInputError
from engine.market.bars import Bars
from engine.market.timeframe import Timeframe


def watched(bars: Bars, finer: Bars) -> Bars:
    """Give the finer candles inside of `bars`, and what stands in for those that a rule cannot do without.

    A bar that has none is one itself. A bar whose last one is missing ends with a flat one at its own close: only when
    the bar has closed can anyone know that none came. Errors: InvalidInputError.
    """
    if finer.timeframe.longest_ms >= bars.timeframe.length_ms:
        raise InvalidInputError(
            f"orders are watched on candles finer than {bars.timeframe}, and these are {finer.timeframe} candles"
        )
    row = np.searchsorted(bars.time, finer.time, side="right") - 1
    inside = (row >= 0) & (finer.time < bars.closes_ms[np.maximum(row, 0)])
    row, kept = row[inside], _part(finer, inside)
    lonely, open_ended = np.ones(len(bars), dtype=np.bool_), np.zeros(len(bars), dtype=np.bool_)
    lonely[row], open_ended[row] = False, True
    open_ended[row[kept.time == _last_times(bars, finer.timeframe)[row]]] = False
    return _sorted(kept.then(_part(bars, lonely)).then(flat_ends(_part(bars, open_ended), finer.timeframe)))


def with_astray(met: Bars, bars: Bars, finer: Bars) -> Bars:
    """Give what `watched` gave, and the finer candles after the first bar's open that are in none of `bars`."""
    row = np.searchsorted(bars.time, finer.time, side="right") - 1
    astray = (row >= 0) & (finer.time >= bars.closes_ms[np.maximum(row, 0)])
    return _sorted(met.then(_part(finer, astray))) if astray.any() else met


def flat_ends(bars: Bars, finer: Timeframe) -> Bars:
    """Give for each bar the finer candle that closes with it, as where nobody traded: all of it the bar's close."""
    close = bars.close
    return Bars(finer, _last_times(bars, finer), close, close, close, close, np.zeros(len(bars)))


def _last_times(bars: Bars, finer: Timeframe) -> NDArray[np.int64]:
    if finer.unit == "M":
        return np.array([finer.shift(int(time), -1) for time in bars.closes_ms], dtype=np.int64)
    return bars.closes_ms - finer.length_ms


def _part(bars: Bars, chosen: NDArray[np.bool_]) -> Bars:
    return Bars(bars.timeframe, bars.time[chosen], *(column[chosen] for column in bars.columns()))


def _sorted(bars: Bars) -> Bars:
    order = np.argsort(bars.time, kind="stable")
    return Bars(bars.timeframe, bars.time[order], *(column[order] for column in bars.columns()))
