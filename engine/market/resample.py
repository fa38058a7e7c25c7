"""Coarser candles out of finer ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars
from engine.market.timeframe import Timeframe

_MONTHS_TO_1970 = 1970 * 12


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Give the bars of a coarser timeframe that these bars cover from their first moment to their last.

    Bars missing in between do not matter; a bar cut at the beginning or the end of the data is left out.
    Errors: ValueError where the timeframe's bars do not consist of whole bars of the finer one.
    """
    if not timeframe.consists_of(bars.timeframe):
        raise ValueError(f"{timeframe} candles do not consist of whole {bars.timeframe} candles")
    if not len(bars):
        return Bars.of(timeframe, [])
    opens = floors(bars.time, timeframe)
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


def floors(time: NDArray[np.int64], timeframe: Timeframe) -> NDArray[np.int64]:
    """Give the open times of the bars that contain these moments."""
    if timeframe.unit == "M":
        month = time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)  # from January 1970 on
        since_year_0 = (month + _MONTHS_TO_1970) // timeframe.count * timeframe.count
        return (since_year_0 - _MONTHS_TO_1970).astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    origin = timeframe.floor(0)
    return (time - origin) // timeframe.length_ms * timeframe.length_ms + origin
