"""Candles that changed, or came, after their bars were processed: said once each, and never decided on again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from engine.market import Bars
from engine.ports import Notice, NoticeKind

LOOKED_AT_AGAIN = 3
"""How many processed bars are asked for with the next one."""


class Revisions:
    """What was told of one route's candles."""

    def __init__(self, route: str) -> None:
        """Begin with nothing told."""
        self._route = route
        self._told: dict[int, tuple[float, ...]] = {}

    def look(self, seen: Bars, now: Bars) -> Iterator[Notice]:
        """Compare what was decided on with what the exchange gives now for the same bars."""
        self._told = {time: row for time, row in self._told.items() if len(now) and time >= int(now.time[0])}
        for i, time in enumerate(now.time.tolist()):
            row = tuple(float(column[i]) for column in now.columns())
            at = int(seen.time.searchsorted(time))
            there = at < len(seen) and int(seen.time[at]) == time
            was = tuple(float(column[at]) for column in seen.columns()) if there else ()
            if row == self._told.get(time, was):
                continue
            self._told[time] = row
            candle = f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M:%S}"
            if there:
                text = f"{candle}: open, high, low, close, volume were {_said(was)} and are {_said(row)}"
                yield Notice(NoticeKind.REVISED, self._route, text, 1)
            elif not len(seen) or time > int(seen.time[0]):
                yield Notice(NoticeKind.CAME_LATE, self._route, f"{candle}: it is not decided on any more", 1)


def _said(row: tuple[float, ...]) -> str:
    return " ".join(f"{number:.10g}" for number in row)
