"""Conditions on the clock: whether a candle closes in a session, and whether the time to be flat came with it.

Both read the wall clock of a zone at the candle's close, so that 09:30 in New York stays 09:30 when clocks change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.indicators import FALSE, TRUE, Kind
from engine.market import Bars
from engine.market.bars import Column
from engine.rules.hours_model import FlatAt, Session, days_in, minutes_of
from engine.rules.nodes import Node, Result
from engine.rules.zones import local_times

_MINUTE, _DAY = 60_000.0, 86_400_000.0
_ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes since midnight, `start` < `end` (over 1440 where it ends on the next day), on days, Monday as 0."""

    start: int
    end: int
    days: frozenset[int]
    zone: str


@dataclass(frozen=True, eq=False)
class InSession(Node):
    """Whether a candle closes in one of the windows: after its start, and up to its end."""

    windows: tuple[Window, ...]

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Compare each close, by the clock of each window's zone."""
        inside = np.zeros(len(bars), dtype=np.bool_)
        for window in self.windows:
            local = local_times(bars.closes_ms.astype(np.float64), window.zone)
            # A window that began on the day before may still last; the midnight that ends a day belongs to it.
            for before in (0, 1):
                day = np.floor(local / _DAY) - before
                minutes = (local - day * _DAY) / _MINUTE
                inside |= _is_on(day, window.days) & (minutes > window.start) & (minutes <= window.end)
        return np.where(inside, np.int8(TRUE), np.int8(FALSE))


@dataclass(frozen=True, eq=False)
class TimeToLeave(Node):
    """Whether a time of day came after the close before, up to a candle's own; a gap in the candles is no excuse."""

    minute: int
    days: frozenset[int]
    zone: str

    @property
    def memory(self) -> int:
        """The candle before tells where the time that passed with this one began."""
        return 1

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Look for the last such moment up to each close, on one of the days, and whether it is new."""
        closes = bars.closes_ms.astype(np.float64)
        local = local_times(closes, self.zone)
        before = np.concatenate([local_times(bars.time[:1].astype(np.float64), self.zone), local[:-1]])
        at = self.minute * _MINUTE
        came = np.zeros(len(bars), dtype=np.bool_)
        last_day = np.floor((local - at) / _DAY)
        for back in range(7):
            day = last_day - back
            came |= (day * _DAY + at > before) & _is_on(day, self.days)
        return np.where(came, np.int8(TRUE), np.int8(FALSE))


def sessions_node(sessions: Session | list[Session]) -> Node:
    """Give the condition that a rule file's `sessions` is."""
    windows = []
    for session in sessions if isinstance(sessions, list) else [sessions]:
        start, end = map(minutes_of, session.hours.split("-"))
        windows.append(Window(start, end if end > start else end + 1440, _days(session.days), session.zone))
    return InSession(Kind.CONDITION, tuple(windows))


def flat_node(flat_at: FlatAt) -> Node:
    """Give the condition that a rule file's `flat_at` is."""
    return TimeToLeave(Kind.CONDITION, minutes_of(flat_at.time), _days(flat_at.days), flat_at.zone)


def _days(days: str | list[str] | None) -> frozenset[int]:
    return _ALL_DAYS if days is None else days_in(days)


def _is_on(day: Column, days: frozenset[int]) -> NDArray[np.bool_]:
    """Tell which days, counted from 1970-01-01 (a Thursday), are among those of the week."""
    table = np.array([weekday in days for weekday in range(7)])
    found: NDArray[np.bool_] = table[(day.astype(np.int64) + 3) % 7]
    return found
