"""Whether candles are whole. Nothing is repaired here: what is not whole is refused at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.market.bars import PRICES, Bars


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row (counted from 0) of some candles, and in which column."""

    row: int
    column: str
    message: str


def faults(bars: Bars) -> list[Fault]:
    """List everything that makes these candles unusable, by row.

    Missing bars (gaps) are no fault: markets close, and illiquid ones have minutes without a trade.
    """
    return sorted(_faults(bars), key=lambda fault: fault.row)


def gaps(bars: Bars) -> int:
    """Count the places where the bar that should follow is missing."""
    following = bars.time[1:]
    if bars.timeframe.unit == "M":
        expected = np.array([bars.timeframe.next(int(t)) for t in bars.time[:-1]], dtype=np.int64)
    else:
        expected = bars.time[:-1] + bars.timeframe.length_ms
    return int(np.count_nonzero(following != expected))


def _faults(bars: Bars) -> Iterator[Fault]:
    for name in (*PRICES, "volume"):
        column = getattr(bars, name)
        for row in np.flatnonzero(~np.isfinite(column)):
            yield Fault(int(row), name, f"is {column[row]}, not a number that can be traded on")
        least = 0.0
        bad = column < least if name == "volume" else column <= least
        for row in np.flatnonzero(bad):
            yield Fault(
                int(row),
                name,
                f"is {column[row]:g}; it must be {'0 or more' if name == 'volume' else 'above 0'}",
            )
    for row in np.flatnonzero(bars.low > bars.high):
        yield Fault(int(row), "low", f"is {bars.low[row]:g}, above the high of {bars.high[row]:g}")
    for name in ("open", "close"):
        column = getattr(bars, name)
        for row in np.flatnonzero((bars.low <= bars.high) & ((column < bars.low) | (column > bars.high))):
            yield Fault(
                int(row),
                name,
                f"is {column[row]:g}, outside low to high ({bars.low[row]:g} to {bars.high[row]:g})",
            )
    for row in np.flatnonzero(np.diff(bars.time) == 0) + 1:
        yield Fault(int(row), "time", "is the same as the row before")
    for row in np.flatnonzero(np.diff(bars.time) < 0) + 1:
        yield Fault(int(row), "time", "is before the row above; rows must be sorted by time, oldest first")
    if bars.timeframe.unit == "M":
        off = np.array([bars.timeframe.floor(int(t)) != t for t in bars.time], dtype=bool)
    else:
        off = (bars.time - bars.timeframe.floor(0)) % bars.timeframe.length_ms != 0
    for row in np.flatnonzero(off):
        yield Fault(int(row), "time", f"is not the start of a {bars.timeframe} bar")
