"""Candles in pages of a size that nobody states, put together by time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from engine.errors import InvalidCandlesError
from engine.market import Bars, Timeframe, faults

Row = tuple[float, ...]  # time ms, open, high, low, close, volume; NaN for what was not given
_SHOWN = 5


class Pages:
    """What to ask for next, and what has come: only bars that open at or after `since_ms` and closed by `now_ms`.

    A page may hold fewer bars than asked for, more, none (a market that rested), and the bar that still forms.
    """

    def __init__(self, name: str, timeframe: Timeframe, since_ms: int, now_ms: int, page_bars: int) -> None:
        """Begin at the first bar of the window. Where a page is empty, the next one begins `page_bars` later.

        `name` (exchange, symbol, timeframe) stands before every error.
        """
        self._name = name
        self._timeframe = timeframe
        self._since = since_ms
        self._last = timeframe.last_closed(now_ms)
        self._end = timeframe.next(
            self._last
        )  # a row before it that is on no bar's start is a fault, no forming candle
        self._page_bars = page_bars
        self._rows: list[Row] = []
        self._known: dict[float, Row] = {}
        self._taken: dict[float, Row] = {}  # the rows taken last: a page may begin with the end of the one before
        first = timeframe.floor(since_ms)
        self._next = first if first == since_ms else timeframe.next(first)

    @property
    def next_ms(self) -> int | None:
        """The open time to ask from, or None when the window is covered."""
        return self._next if self._next <= self._last else None

    def left(self, at_most: int) -> int:
        """Count the bars to the end of the window, and the one that forms after it; `at_most` where there are more."""
        if self._timeframe.shift(self._next, at_most) <= self._last:
            return at_most
        return min(at_most, (self._last - self._next) // self._timeframe.length_ms + 2)

    def add(self, page: Sequence[Sequence[float | None]]) -> None:
        """Take a page of rows (time ms, open, high, low, close, volume) as ccxt gives it, sorted; None is NaN."""
        rows = [tuple(math.nan if cell is None else float(cell) for cell in row[:6]) for row in page]
        page_known: dict[float, Row] = {}
        newest = -math.inf
        for row in rows:
            newest = max(newest, row[0])  # NaN is never more
            if row[0] < self._since or row[0] >= self._end:
                if self._taken.get(row[0], row) != row:
                    raise InvalidCandlesError(
                        f"{self._name} at {_iso(int(row[0]))}: came twice, with different numbers; "
                        "these candles are not used"
                    )
                continue
            if self._known.get(row[0]) != row:  # the same bar on two pages is one bar; two different ones are a fault
                self._rows.append(row)
                page_known[row[0]] = row
        self._known |= page_known
        if newest >= self._next:
            self._next = self._timeframe.next(self._timeframe.floor(int(newest)))
        else:
            self._next = self._timeframe.shift(self._next, self._page_bars)

    def take(self) -> Bars:
        """Give what came since the last time, and forget it. Errors: those of `bars`."""
        bars = self.bars()
        if self._rows:
            self._taken, self._known, self._rows = self._known, {}, []
            self._since = self._timeframe.next(int(bars.time[-1]))
        return bars

    def bars(self) -> Bars:
        """Give what came. Errors: InvalidCandlesError if it is not whole."""
        timeless = sum(math.isnan(row[0]) for row in self._rows)
        if timeless:
            raise InvalidCandlesError(f"{self._name}: {timeless} candles came without a time; none of them is used")
        bars = Bars.of(self._timeframe, self._rows)
        found = faults(bars)
        if found:
            lines = [f"{self._name} at {_iso(int(bars.time[f.row]))}: {f.column} {f.message}" for f in found[:_SHOWN]]
            more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise InvalidCandlesError("; ".join(lines) + more + "; these candles are not used")
        return bars


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
