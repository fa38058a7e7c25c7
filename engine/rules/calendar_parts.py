"""Parts of a time, in UTC: `hour`, `dayofweek`, `weekofyear`; and `timestamp`, the time that parts make.

Times are milliseconds since the epoch, as numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.market import Bars
from engine.market.bars import Column
from engine.rules.operation import Operation, Value, numeric

Moments = NDArray[np.int64]

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_FURTHEST = 8.64e15  # a hundred million days, as in JavaScript: what is further has no calendar
_MOST_MONTHS = 3_000_000
_THURSDAY = 3  # 1970-01-01, counted from Monday


def _years(days: Moments) -> Moments:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)


def _month(days: Moments) -> Moments:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def _day_of_month(days: Moments) -> Moments:
    dates = days.astype("datetime64[D]")
    first = dates.astype("datetime64[M]").astype("datetime64[D]")
    return days - first.astype(np.int64) + 1


def _week_of_year(days: Moments) -> Moments:
    """Number weeks as ISO 8601 does: a week belongs to the year that its Thursday is in."""
    thursday = days - (days + _THURSDAY) % 7 + _THURSDAY
    first = _years(thursday).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return (thursday - first) // 7 + 1


def _part(of: Callable[[Moments], Moments]) -> Operation:
    def compute(time: Value) -> Value:
        moments = np.asarray(time, dtype=np.float64)
        known = np.abs(moments) <= _FURTHEST
        parts = of(np.floor(np.where(known, moments, 0.0)).astype(np.int64))
        return np.where(known, parts.astype(np.float64), np.nan)

    return numeric(compute, "time")


def _timestamp(year: Value, month: Value, day: Value, hour: Value, minute: Value, second: Value) -> Value:
    """Give the time of a date; as in Pine, parts are whole (cut) and roll over: the 32nd of May is the 1st of June."""
    parts = np.broadcast_arrays(
        *(np.trunc(np.asarray(p, np.float64)) for p in (year, month, day, hour, minute, second))
    )
    months = (parts[0] - 1970) * 12 + parts[1] - 1
    good = np.isfinite(sum(parts)) & (np.abs(months) <= _MOST_MONTHS)
    first = np.where(good, months, 0.0).astype(np.int64).astype("datetime64[M]").astype("datetime64[D]")
    days = first.astype(np.int64) + parts[2] - 1
    moments = days * _DAY + parts[3] * _HOUR + parts[4] * _MINUTE + parts[5] * _SECOND
    return np.where(good & (np.abs(moments) <= _FURTHEST), moments, np.nan)


CALENDAR: dict[str, Operation] = {
    "year": _part(lambda ms: _years(ms // _DAY) + 1970),
    "month": _part(lambda ms: _month(ms // _DAY)),
    "weekofyear": _part(lambda ms: _week_of_year(ms // _DAY)),
    "dayofmonth": _part(lambda ms: _day_of_month(ms // _DAY)),
    "dayofweek": _part(lambda ms: (ms // _DAY + _THURSDAY + 1) % 7 + 1),
    "hour": _part(lambda ms: ms // _HOUR % 24),
    "minute": _part(lambda ms: ms // _MINUTE % 60),
    "second": _part(lambda ms: ms // _SECOND % 60),
    "timestamp": numeric(_timestamp, "year", "month", "day", "hour", "minute", "second", defaults=(0.0, 0.0, 0.0)),
}
PARTS = frozenset(CALENDAR) - {"timestamp"}
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""As `dayofweek` counts them, from 1."""


def closing_times(bars: Bars) -> Column:
    """Give when each bar closes, by the calendar: months are months."""
    timeframe = bars.timeframe
    if timeframe.unit != "M":
        return (bars.time + timeframe.length_ms).astype(np.float64)
    months = bars.time.astype("datetime64[ms]").astype("datetime64[M]") + timeframe.count
    return months.astype("datetime64[ms]").astype(np.int64).astype(np.float64)
