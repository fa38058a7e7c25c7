"""Candles of another timeframe or symbol beside a rule's own, and which of them are known when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars
from engine.market.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class Feed:
    """Which candles: `symbol` is as ccxt writes it, "" for the rule's own."""

    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        """Give "ETH/USDT 4h", or "4h" for the rule's own symbol."""
        return f"{self.symbol} {self.timeframe}".strip()


def last_closed(bars: Bars, other: Bars) -> NDArray[np.int64]:
    """Give, for the close of each of `bars`, the index of the newest of `other` that has closed by then, or -1.

    A bar of `other` that closes at the same moment has closed.
    """
    return np.searchsorted(other.closes_ms, bars.closes_ms, side="right") - 1


def first_known(bars: Bars, other: Bars, warmup: int) -> int:
    """Give the index of the first of `bars` at whose close more than `warmup` of `other` have closed, or len(bars)."""
    if len(other) <= warmup:
        return len(bars)
    closed_ms = int(other[warmup : warmup + 1].closes_ms[0])
    return int(np.searchsorted(bars.closes_ms, closed_ms))
