"""Where candles come from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from engine.market import Bars, Instrument, MarketKind, Timeframe


@dataclass(frozen=True, slots=True)
class Page:
    """A part of some history: `bars` are whole, and everything that opens before `next_ms` has been asked for."""

    bars: Bars
    next_ms: int


class MarketData(Protocol):
    """Closed candles of one exchange. Everything may raise MarketDataUnavailableError: ask again later."""

    async def now_ms(self) -> int:
        """Give the exchange's own time in milliseconds: candles close by it, not by ours."""
        ...

    async def instrument(self, symbol: str) -> Instrument:
        """Give tick and lot of a symbol. Errors: MarketDataError where the exchange does not have it."""
        ...

    async def kind(self, symbol: str) -> MarketKind:
        """Tell whether a symbol is spot or USD-M futures. Errors: MarketDataError where it is neither, or unknown."""
        ...

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        """Give every bar that opens at or after `since_ms` and has closed at `now_ms`, oldest first, checked whole.

        Errors: InvalidCandlesError where what came is not whole.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Quotes(MarketData, Protocol):
    """An exchange that tells its prices between candles, too."""

    async def last_price(self, symbol: str) -> Decimal:
        """Give the price of the last trade, by the exchange's public ticker."""
        ...


class History(MarketData, Protocol):
    """An exchange whose history is read page by page, so that what has come can be kept when the rest fails."""

    def history(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> AsyncGenerator[Page, None]:
        """Give what `closed_bars` gives, in pages, oldest first; each raises what that raises."""
        ...


class Exchange(History, Quotes, Protocol):
    """Everything that an exchange tells in public."""
