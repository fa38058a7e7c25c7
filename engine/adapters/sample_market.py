"""The sample market behind the port that exchanges stand behind: for demos and tests without a network."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from decimal import Decimal

from engine.errors import MarketDataError
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.ports import Clock, Page

_PAGE_BARS = 1_000
_MINUTE = Timeframe.parse("1m")
_SYMBOL = re.compile(r"[A-Z0-9]+/[A-Z0-9]+(:[A-Z0-9]+)?")


class SampleMarket:
    """Synthetic candles up to what `clock` says it is; implements Exchange. Needs no network and never fails."""

    def __init__(self, clock: Clock, seed: int = 7) -> None:
        """Take the time from `clock`; another `seed` is another market."""
        self._clock = clock
        self._seed = seed

    async def now_ms(self) -> int:
        """Give the clock's time."""
        return self._clock.now_ms()

    async def instrument(self, symbol: str) -> Instrument:
        """Give tick and lot, the same for all. Errors: MarketDataError unless written as ccxt writes symbols."""
        return sample_instrument(_checked(symbol))

    async def kind(self, symbol: str) -> MarketKind:
        """Tell futures ("BTC/USDT:USDT") from spot ("BTC/USDT")."""
        return MarketKind.FUTURES if ":" in _checked(symbol) else MarketKind.SPOT

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        """Give every bar that opens at or after `since_ms` (and SAMPLE_START_MS) and has closed at `now_ms`."""
        since_ms = max(since_ms, SAMPLE_START_MS)
        last = timeframe.last_closed(now_ms)
        count = max(0, (last - since_ms) // timeframe.length_ms + 1)  # of months too many, never too few
        bars = sample_bars(_checked(symbol), timeframe, since_ms, count, self._seed)
        return bars[: int(bars.time.searchsorted(last, side="right"))]

    async def history(
        self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int
    ) -> AsyncGenerator[Page, None]:
        """Give the same bars page by page."""
        at, end = timeframe.floor(max(since_ms, SAMPLE_START_MS)), timeframe.floor(now_ms)
        while at < end:
            next_ms = min(end, timeframe.shift(at, _PAGE_BARS))
            yield Page(await self.closed_bars(symbol, timeframe, max(at, since_ms), next_ms), next_ms)
            at = next_ms

    async def last_price(self, symbol: str) -> Decimal:
        """Give the close of the last minute. Errors: MarketDataError."""
        now_ms = self._clock.now_ms()
        bars = await self.closed_bars(symbol, _MINUTE, _MINUTE.last_closed(now_ms), now_ms)
        if not len(bars):
            raise MarketDataError("the sample market has no price before its first minute has closed")
        return Decimal(str(float(bars.close[-1])))

    async def close(self) -> None:
        """Do nothing: there are no connections."""


def _checked(symbol: str) -> str:
    if not _SYMBOL.fullmatch(symbol):
        raise MarketDataError(
            f"the sample market has no '{symbol}'; write it as BTC/USDT (spot) or BTC/USDT:USDT (futures)"
        )
    return symbol
