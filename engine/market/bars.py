"""Candles as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.timeframe import Timeframe

Column = NDArray[np.float64]
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed candles, oldest first, as contiguous columns of one length.

    `time` is the open time in milliseconds UTC (int64); prices and volume are float64.
    """

    timeframe: Timeframe
    time: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    @classmethod
    def of(cls, timeframe: Timeframe, rows: object) -> Bars:
        """Build from rows of (time ms, open, high, low, close, volume), such as ccxt gives; no rows give no bars."""
        table = np.asarray(rows, dtype=np.float64).reshape(-1, 6)
        columns = [np.ascontiguousarray(table[:, i]) for i in range(1, 6)]
        return cls(timeframe, table[:, 0].astype(np.int64), *columns)

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.time)

    def __getitem__(self, part: slice) -> Bars:
        """Give a stretch of the bars; the columns stay views."""
        return Bars(
            self.timeframe,
            self.time[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
        )

    def then(self, later: Bars) -> Bars:
        """Give these bars followed by `later`."""
        pairs = zip(self.columns(), later.columns(), strict=True)
        return Bars(self.timeframe, np.concatenate([self.time, later.time]), *(np.concatenate(pair) for pair in pairs))

    @property
    def closes_ms(self) -> NDArray[np.int64]:
        """When each bar closes, in milliseconds UTC."""
        if self.timeframe.unit == "M":
            return np.array([self.timeframe.next(int(t)) for t in self.time], dtype=np.int64)
        return self.time + self.timeframe.length_ms

    def columns(self) -> tuple[Column, Column, Column, Column, Column]:
        """Give open, high, low, close, volume."""
        return self.open, self.high, self.low, self.close, self.volume
