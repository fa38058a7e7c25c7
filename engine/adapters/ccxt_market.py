"""Candles of a real exchange, through ccxt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt

from engine.adapters.ccxt_costs import candle_costs
from engine.adapters.ccxt_errors import FROM_CCXT, Strict, as_ours
from engine.adapters.ccxt_markets import Markets
from engine.adapters.ccxt_pages import Pages
from engine.adapters.clocks import steady_ms
from engine.adapters.market_files import MarketsFile
from engine.documents import did_you_mean
from engine.errors import MarketDataError, MarketDataUnavailableError
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.ports import Notice, NoticeKind, Page, Tell, ignore

SLOW_S, AGAIN_S = 0.4, 5.0  # an answer to the time that took so long is asked for again soon
_LEAST_BARS = 5  # of a page: the newest is asked for with what may have changed or been missed before it


class CcxtMarket:
    """One exchange of ccxt; implements Exchange. Nothing is asked twice here: that is for the caller to decide.

    Errors of every method: MarketDataUnavailableError where asking again may help, else MarketDataError.
    """

    def __init__(
        self,
        exchange_id: str,
        options: Mapping[str, Any],
        clock_seconds: float = 60.0,
        markets_file: Path | None = None,
        tell: Tell = ignore,
    ) -> None:
        """Make the exchange; `options` go to ccxt's constructor (proxies, hosts, keys, ...). Nothing is sent yet.

        The exchange's time is asked for every `clock_seconds`, and counted on by our steady clock between.
        `markets_file` keeps its list of markets, for a start at which the exchange does not give it.
        """
        if exchange_id not in ccxt.exchanges:
            raise MarketDataError(f"ccxt has no exchange '{exchange_id}'{_hint(exchange_id, ccxt.exchanges)}")
        made = type(exchange_id, (Strict, getattr(ccxt, exchange_id)), {})
        try:
            self._exchange = made({"enableRateLimit": True, **options})
        except FROM_CCXT as error:
            raise MarketDataError(f"{exchange_id}: its options are not what ccxt accepts: {error}") from error
        self._exchange.tell_limit = lambda text: tell(Notice(NoticeKind.LIMITED, exchange_id, text))
        file = None if markets_file is None else MarketsFile(markets_file, exchange_id)
        self._markets = Markets(self._exchange, file, tell)
        self._id = exchange_id
        self._clock_seconds = clock_seconds
        self._clock_read = float("-inf")  # steady seconds of the last answer
        self._offset_ms = 0.0  # exchange's time less our steady time

    async def now_ms(self) -> int:
        """Give the exchange's time, at most the last answer's travel behind it and never ahead; else ours.

        Ahead of it, a candle that still forms would pass for closed.
        """
        if not self._exchange.has.get("fetchTime"):
            return int(self._exchange.milliseconds())
        asked = steady_ms() / 1_000
        if asked - self._clock_read >= self._clock_seconds:
            told = await self._answer(self._exchange.fetch_time())
            if not isinstance(told, int):
                raise MarketDataUnavailableError(f"{self._id}: its answer holds no time; it will be asked again")
            self._clock_read = steady_ms() / 1_000
            self._offset_ms = told - self._clock_read * 1_000
            if self._clock_read - asked > SLOW_S:  # so much it may be behind: our clock would seem to be off
                self._clock_read += min(0.0, AGAIN_S - self._clock_seconds)
        return int(steady_ms() + self._offset_ms)

    async def instrument(self, symbol: str) -> Instrument:
        """Give tick and lot (of a contract market in units of the base, not in contracts)."""
        market = await self._market(symbol)
        lot, size = self._step(market["precision"]["amount"]), market.get("contractSize")
        if market.get("contract") and size and size != 1:
            lot *= Decimal(str(size))
        return Instrument(symbol, self._step(market["precision"]["price"]), lot)

    async def kind(self, symbol: str) -> MarketKind:
        """Tell whether a symbol is spot or USD-M futures. Errors: MarketDataError for coin-margined and options."""
        market = await self._market(symbol)
        if market.get("spot"):
            return MarketKind.SPOT
        if (market.get("swap") or market.get("future")) and market.get("linear"):
            return MarketKind.FUTURES
        raise MarketDataError(f"{self._id}: {symbol} is neither spot nor a USD-M future; rules trade nothing else")

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        """Give every bar that opens at or after `since_ms` and has closed at `now_ms`, in pages as the exchange gives.

        Where the exchange has not published the newest bar yet, it is not among them: see whether it is.
        """
        pages = await self._pages(symbol, timeframe, since_ms, now_ms)
        while pages.next_ms is not None:
            await self._ask(pages, symbol, timeframe)
        return pages.bars()

    async def history(
        self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int
    ) -> AsyncGenerator[Page, None]:
        """Give the same bars page by page, as they come."""
        pages = await self._pages(symbol, timeframe, since_ms, now_ms)
        while pages.next_ms is not None:
            await self._ask(pages, symbol, timeframe)
            bars = pages.take()
            yield Page(bars, timeframe.next(timeframe.last_closed(now_ms)) if pages.next_ms is None else pages.next_ms)

    async def last_price(self, symbol: str) -> Decimal:
        """Give the price of the last trade; where the exchange tells none, the middle of bid and ask."""
        await self._market(symbol)
        if not self._exchange.has.get("fetchTicker"):
            raise MarketDataError(f"{self._id} has no public tickers; take candles")
        ticker = await self._answer(self._exchange.fetch_ticker(symbol))
        price = ticker.get("last")
        if price is None and ticker.get("bid") is not None and ticker.get("ask") is not None:
            price = (ticker["bid"] + ticker["ask"]) / 2
        if not isinstance(price, int | float) or not 0 < price < float("inf"):
            raise MarketDataUnavailableError(f"{self._id}: its ticker of {symbol} has no price; it will be asked again")
        return Decimal(f"{price:.15g}")

    def request_ms(self) -> float:
        """Give how much of a minute's budget one question for a new candle takes, in ms of the exchange's queue."""
        return float(self._exchange.rateLimit) * max(map(float, candle_costs(self._exchange.api)), default=1.0)

    async def close(self) -> None:
        """Close the connections. The exchange cannot be asked any more then."""
        await self._markets.close()
        await self._exchange.close()

    async def _pages(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Pages:
        await self._market(symbol)
        known = self._exchange.timeframes or {}
        if known and str(timeframe) not in known:
            raise MarketDataError(f"{self._id} has no {timeframe} candles; it has {', '.join(known)}")
        return Pages(f"{self._id} {symbol} {timeframe}", timeframe, since_ms, now_ms, self._page_bars(symbol) or 100)

    async def _ask(self, pages: Pages, symbol: str, timeframe: Timeframe) -> None:
        limit = self._page_bars(symbol)
        if limit is not None:  # exchanges charge by it
            limit = min(limit, max(_LEAST_BARS, pages.left(limit)))
        since = pages.next_ms
        pages.add(await self._answer(self._exchange.fetch_ohlcv(symbol, str(timeframe), since=since, limit=limit)))

    def _page_bars(self, symbol: str) -> int | None:
        """Give how many bars to ask for at once; None to leave that to the exchange."""
        stated = self._exchange.feature_value(symbol, "fetchOHLCV", "limit")
        return min(int(stated), 1_000) if stated else None  # ccxt states too many for some, never fewer than it asks

    async def _market(self, symbol: str) -> dict[str, Any]:
        markets = await self._markets.all()
        if symbol not in markets:
            raise MarketDataError(f"{self._id} has no symbol '{symbol}'{_hint(symbol, markets)}")
        return markets[symbol]

    async def _answer(self, request: Awaitable[Any]) -> Any:
        try:
            return await request
        except FROM_CCXT as error:
            raise as_ours(self._id, error) from error

    def _step(self, precision: float | str | None) -> Decimal:
        """Give a step of price or amount from ccxt's precision; 0 where it is not known or not one step for all."""
        if precision is None or self._exchange.precisionMode == ccxt.SIGNIFICANT_DIGITS:
            return Decimal(0)
        if self._exchange.precisionMode == ccxt.DECIMAL_PLACES:
            return Decimal(1).scaleb(-int(precision))
        return Decimal(str(precision))


def _hint(word: str, known: Iterable[str]) -> str:
    hint = did_you_mean(word, known)
    return f"; {hint}" if hint else ""
