"""The prices that the platform's orders meet, where it fetches them itself: public candles of a minute, or tickers."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from decimal import Decimal

from engine.adapters.clocks import SystemClock
from engine.adapters.markets import market_data
from engine.config import ExchangeConfig
from engine.errors import SignalEngineError
from engine.market import Bars, Timeframe
from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.settings import PaperConnector
from engine.ports import Exchange, MarketData

_MINUTE = Timeframe.parse("1m")
_SETTLE_MS = 2000  # an exchange's newest candle may still change for a moment
_CANDLES_EVERY_S, _TICKERS_EVERY_S = 5.0, 1.0
_log = logging.getLogger(__name__)


class Feed:
    """Fetches, in a thread of its own, from `start` to `stop`. While the exchange cannot be reached orders wait."""

    def __init__(
        self,
        ledger: Ledger,
        connectors: Mapping[str, PaperConnector],
        exchanges: Mapping[str, ExchangeConfig],
        look_every_s: float | None = None,
        *,
        tickers: bool = False,
    ) -> None:
        """Take connectors and exchanges by name, and how often to look.

        With `tickers` each look is a price that orders meet; candles then only fill in what was not looked at.
        """
        self._look_every_s = look_every_s or (_TICKERS_EVERY_S if tickers else _CANDLES_EVERY_S)
        self._ledger, self._connectors, self._exchanges = ledger, dict(connectors), dict(exchanges)
        self._tickers = tickers
        self._known: set[str] = set()
        self._next_ms: dict[str, int] = {}  # by connector: from when on its prices are not known
        self._said = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="paper-feed", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the request that is under way, if it ends soon."""
        self._stop.set()
        self._thread.join(3)

    async def _run(self) -> None:
        used = {connector.exchange for connector in self._connectors.values()}
        markets = {name: market_data(self._exchanges[name], SystemClock()) for name in used}
        try:
            while not self._stop.is_set():
                for name, connector in self._connectors.items():
                    await self._look(markets[connector.exchange], name, connector.symbol)
                await asyncio.to_thread(self._stop.wait, self._look_every_s)
        finally:
            for market in markets.values():
                await market.close()

    async def _look(self, market: Exchange, connector: str, symbol: str) -> None:
        try:
            if connector not in self._known:
                instrument = await market.instrument(symbol)
                await asyncio.to_thread(self._ledger.set_steps, connector, instrument.tick, instrument.lot)
                self._known.add(connector)
            await self._candles(market, connector, symbol)
            if self._tickers:
                await self._ticker(market, connector, symbol)
            self._said = ""
        except SignalEngineError as error:
            if str(error) != self._said:  # once, not every few seconds
                self._said = str(error)
                _log.warning("the paper platform has no prices of %s: %s; orders wait", symbol, error)

    async def _candles(self, market: MarketData, connector: str, symbol: str) -> None:
        """Take the minutes that have closed since prices were known last."""
        now_ms = await market.now_ms() - _SETTLE_MS
        last_ms = _MINUTE.last_closed(now_ms)
        if self._next_ms.get(connector, 0) > last_ms:
            return
        needed = self._next_ms.get(connector) or await asyncio.to_thread(self._ledger.needs_candles, connector)
        since_ms = last_ms if needed is None else min(needed, last_ms)
        bars = await market.closed_bars(symbol, _MINUTE, since_ms, now_ms)
        await asyncio.to_thread(self._ledger.take_candles, connector, candles_of(bars))
        if len(bars):
            self._next_ms[connector] = int(bars.closes_ms[-1])
        elif self._tickers:  # nobody traded; without tickers it is asked for again, since it may only be late
            self._next_ms[connector] = _MINUTE.next(last_ms)

    async def _ticker(self, market: Exchange, connector: str, symbol: str) -> None:
        """Take the last price as a candle without length, unless a minute before it is still to be taken."""
        if self._next_ms[connector] <= _MINUTE.last_closed(await market.now_ms()):
            return
        price = await market.last_price(symbol)
        now_ms = await market.now_ms()
        candle = Candle(now_ms, now_ms, price, price, price, price)
        await asyncio.to_thread(self._ledger.take_candles, connector, [candle])
        self._next_ms[connector] = now_ms


def candles_of(bars: Bars) -> list[Candle]:
    """Give bars as the matching takes them; of prices 15 digits count, what is beyond is the noise of their sums."""
    columns = (bars.open, bars.high, bars.low, bars.close)
    prices = zip(*(map(_exact, column.tolist()) for column in columns), strict=True)
    times = zip(bars.time.tolist(), bars.closes_ms.tolist(), strict=True)
    return [Candle(int(t), int(c), *price) for (t, c), price in zip(times, prices, strict=True)]


def _exact(price: float) -> Decimal:
    return Decimal(f"{price:.15g}")
