"""Stretches of bar times: what was asked for, what is still to ask, and where bars are missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars
from engine.market.timeframe import Timeframe


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """The bars that open at or after `start_ms` and before `end_ms`."""

    start_ms: int
    end_ms: int

    def bars_of(self, timeframe: Timeframe) -> int:
        """Count the bars of a stretch that begins and ends on the grid of `timeframe`."""
        if timeframe.unit != "M":
            return (self.end_ms - self.start_ms) // timeframe.length_ms
        count, at = 0, self.start_ms
        while at < self.end_ms:
            count, at = count + 1, timeframe.next(at)
        return count


def gaps_in(bars: Bars) -> list[Stretch]:
    """List where bars are missing between the first and the last, oldest first."""
    closes = bars.closes_ms[:-1]
    places = np.flatnonzero(bars.time[1:] != closes)
    return [Stretch(int(closes[at]), int(bars.time[at + 1])) for at in places]


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Give the same times as few stretches that do not touch, sorted."""
    found: list[Stretch] = []
    for part in sorted(stretches):
        if part.end_ms <= part.start_ms:
            continue
        if found and part.start_ms <= found[-1].end_ms:
            found[-1] = Stretch(found[-1].start_ms, max(found[-1].end_ms, part.end_ms))
        else:
            found.append(part)
    return found


def without(whole: Stretch, known: Iterable[Stretch]) -> list[Stretch]:
    """Give what of `whole` is in none of `known`, sorted."""
    left: list[Stretch] = []
    at = whole.start_ms
    for part in union(known):
        if part.start_ms >= whole.end_ms:
            break
        if part.start_ms > at:
            left.append(Stretch(at, part.start_ms))
        at = max(at, part.end_ms)
    if at < whole.end_ms:
        left.append(Stretch(at, whole.end_ms))
    return left


def together(stretches: Iterable[Stretch], timeframe: Timeframe, most_bars: int) -> list[Stretch]:
    """Join neighbours into stretches of `most_bars` at most: several gaps that one request covers."""
    found: list[Stretch] = []
    for part in sorted(stretches):
        if found and part.end_ms <= timeframe.shift(found[-1].start_ms, most_bars):
            found[-1] = Stretch(found[-1].start_ms, part.end_ms)
        else:
            found.append(part)
    return found
