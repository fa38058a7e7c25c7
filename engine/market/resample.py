"""Coarser candles out of finer ones."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars
from engine.market.timeframe import Timeframe


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Give the bars of a coarser timeframe that these bars cover from their first moment to their last.

    Bars missing in between do not matter; a bar cut at the beginning or the end of the data is left out.
    Errors: ValueError where the timeframe's bars do not consist of whole bars of the finer one.
    """
    if timeframe.length_ms % bars.timeframe.length_ms or "M" in (bars.timeframe.unit,):
        raise ValueError(f"{timeframe} candles do not consist of whole {bars.timeframe} candles")
    if not len(bars):
        return Bars.of(timeframe, [])
    opens = np.array([timeframe.floor(int(t)) for t in bars.time], dtype=np.int64)
    starts = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
    ends = np.append(starts[1:], len(bars)) - 1
    made = Bars(
        timeframe,
        opens[starts],
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[ends],
        np.add.reduceat(bars.volume, starts),
    )
    first = 0 if bars.time[0] == made.time[0] else 1
    whole_end = bars.timeframe.next(int(bars.time[-1])) >= timeframe.next(int(made.time[-1]))
    return made[first : len(made) if whole_end else len(made) - 1]
