"""Arithmetic on the grid of bar times, by the calendar: weeks start on Monday, months are months. UTC throughout.

Times are int milliseconds since the epoch. A bar is named by its open time; it closes when the next one opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONDAY_MS = 4 * 86_400_000  # 1970-01-05, the first Monday after the epoch
_YEAR_MS = 365.25 * 86_400_000
_PINE = re.compile(r"([1-9][0-9]{0,3})|([1-9][0-9]{0,3})?([SDWM])")
_LARGER = (("s", "m", 60), ("m", "h", 60), ("h", "d", 24))


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A bar's length: a count and a unit out of s, m, h, d, w, M (month), as ccxt writes it."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read "1m", "4h", "1d", "1w", "1M". Errors: ValueError that says what is accepted."""
        match = re.fullmatch(r"([1-9][0-9]{0,3})([smhdwM])", text)
        if not match:
            raise ValueError(f"'{text}' is no timeframe; examples: 1m, 15m, 4h, 1d, 1w, 1M (month)")
        return cls(int(match[1]), match[2])

    @classmethod
    def read(cls, text: str) -> Timeframe:
        """Read what `parse` reads, or Pine's way: "240" (minutes), "30S", "D", "W", "3M". Gives the `plain` one.

        Errors: ValueError that says what is accepted.
        """
        if match := _PINE.fullmatch(text):
            minutes, count, unit = match.groups()
            unit = (unit or "m").replace("S", "s").replace("D", "d").replace("W", "w")
            return cls(int(minutes or count or 1), unit).plain
        try:
            return cls.parse(text).plain
        except ValueError as error:
            raise ValueError(f"{error}; or Pine's 240 (minutes), D, W, M") from None

    @property
    def plain(self) -> Timeframe:
        """The same bars in the largest unit: 240m is 4h. Days stay days: weeks start on Monday, 7d do not."""
        same = self
        for unit, larger, count in _LARGER:
            if same.unit == unit and same.count % count == 0:
                same = Timeframe(same.count // count, larger)
        return same

    def __str__(self) -> str:
        """Give the text that `parse` reads."""
        return f"{self.count}{self.unit}"

    @property
    def length_ms(self) -> int:
        """Milliseconds of one bar; of a month bar, of its shortest."""
        return self.count * (28 * _UNITS_MS["d"] if self.unit == "M" else _UNITS_MS[self.unit])

    @property
    def bars_per_year(self) -> float:
        """How many bars a market that never closes has in a year of 365.25 days."""
        return 12 / self.count if self.unit == "M" else _YEAR_MS / self.length_ms

    def consists_of(self, fine: Timeframe) -> bool:
        """Tell whether each of these bars opens where one of `fine` opens: 1w of 1d, but not 1M of 1w."""
        if fine.unit == "M":
            return self.unit == "M" and self.count % fine.count == 0
        edges = (self.floor(0) - fine.floor(0), _UNITS_MS["d"] if self.unit == "M" else self.length_ms)
        return all(edge % fine.length_ms == 0 for edge in edges)

    def most_of(self, fine: Timeframe) -> int:
        """How many bars of `fine` one of these holds at most; of months, the longest there are."""
        if fine.unit == "M":
            return self.count // fine.count
        return -(-self.longest_ms // fine.length_ms)

    @property
    def longest_ms(self) -> int:
        """Milliseconds of one bar; of a month bar, of its longest."""
        return self.count * (31 * _UNITS_MS["d"] if self.unit == "M" else _UNITS_MS[self.unit])

    def floor(self, time_ms: int) -> int:
        """Give the open time of the bar that contains `time_ms`."""
        if self.unit == "M":
            return _month_start(_month_of(time_ms) // self.count * self.count)
        origin = _MONDAY_MS if self.unit == "w" else 0
        return (time_ms - origin) // self.length_ms * self.length_ms + origin

    def next(self, open_ms: int) -> int:
        """Give the open time of the bar after the one that opens at `open_ms`: the moment this one closes."""
        return self.shift(open_ms, 1)

    def shift(self, open_ms: int, bars: int) -> int:
        """Give the open time `bars` bars later (earlier when negative)."""
        if self.unit == "M":
            return _month_start(_month_of(open_ms) + bars * self.count)
        return open_ms + bars * self.length_ms

    def before(self, time_ms: int, bars: int) -> int:
        """Give the open time of the bar that is `bars` before the one that contains `time_ms`, or 0: 1970, at least."""
        return 0 if bars * self.longest_ms >= time_ms else max(0, self.shift(self.floor(time_ms), -bars))

    def last_closed(self, now_ms: int) -> int:
        """Give the open time of the newest bar that has closed at `now_ms`."""
        return self.shift(self.floor(now_ms), -1)


def _month_of(time_ms: int) -> int:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.year * 12 + moment.month - 1


def _month_start(month: int) -> int:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000
