"""Bars that should be there and are not: which are waited for, which are given up, and what stands in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.market import Bars, Timeframe
from engine.market.stretches import Stretch, gaps_in

LONGEST_LATE_MS = 60_000


class GapPolicy(StrEnum):
    """What is done about a bar whose candle never came."""

    SKIP = "skip"
    FILL = "fill"


@dataclass(frozen=True, slots=True)
class Missing:
    """Bars in a row that are given up, by their open times, ms UTC; `bars` is how many."""

    first_ms: int
    last_ms: int
    bars: int


def late_ms(timeframe: Timeframe) -> int:
    """Give how long after its close a candle is asked for: one bar, a minute at most."""
    return min(LONGEST_LATE_MS, timeframe.length_ms)


def pieces(bars: Bars, since_ms: int, now_ms: int) -> Iterator[Bars | Missing]:
    """Give what is to be processed from the bar `since_ms` on, oldest first; `bars` are what came of it.

    A bar before one that came is given up, as is one whose time is over; the rest is still waited for.
    """
    timeframe, at = bars.timeframe, since_ms
    starts = [0, *(np.flatnonzero(bars.time[1:] != bars.closes_ms[:-1]) + 1).tolist()]
    for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True) if len(bars) else ():
        if int(bars.time[start]) > at:
            yield _missing(timeframe, at, int(bars.time[start]))
        yield bars[start:stop]
        at = int(bars.closes_ms[stop - 1])
    over_ms = timeframe.next(timeframe.last_closed(now_ms - late_ms(timeframe)))
    if at < over_ms:
        yield _missing(timeframe, at, over_ms)


def flat(timeframe: Timeframe, missing: Missing, price: float) -> Bars:
    """Give bars in which nobody traded, at the last price."""
    times = [timeframe.shift(missing.first_ms, i) for i in range(missing.bars)]
    return Bars.of(timeframe, [(time, price, price, price, price, 0.0) for time in times])


def filled(bars: Bars) -> Bars:
    """Give the bars with flat ones where some are missing in between."""
    whole = bars[:0]
    for piece in pieces(bars, int(bars.time[0]), 0) if len(bars) else ():
        whole = whole.then(flat(bars.timeframe, piece, float(whole.close[-1])) if isinstance(piece, Missing) else piece)
    return whole


def missing_in(bars: Bars) -> int:
    """Count the bars that are missing between the first and the last."""
    if len(bars) < 2:
        return 0
    if bars.timeframe.unit != "M":
        return int(bars.time[-1] - bars.time[0]) // bars.timeframe.length_ms + 1 - len(bars)
    return sum(gap.bars_of(bars.timeframe) for gap in gaps_in(bars))


def _missing(timeframe: Timeframe, first_ms: int, end_ms: int) -> Missing:
    return Missing(first_ms, timeframe.shift(end_ms, -1), Stretch(first_ms, end_ms).bars_of(timeframe))
