"""The public answers of Binance, spot and USD-M futures, for given candles and a given time. No HTTP in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import cast

from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars

Candles = Callable[[str, Timeframe, int, int], Bars]
"""(symbol as ccxt writes it, timeframe, first ms, last ms) -> the bars that open in between, a page at least."""

Json = object
BASES = ("BTC", "ETH")
MINUTES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
INTERVALS = {"/api/v3": ("1s", *MINUTES), "/fapi/v1": MINUTES}
PAGE = {"/api/v3": 1_000, "/fapi/v1": 1_500}


class BadRequest(Exception):  # noqa: N818 - it is an answer, not a failure of ours
    """Status 400 with Binance's code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "msg": message}


def from_sample(seed: int = 7) -> Candles:
    """Give the sample market's candles."""

    def candles(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        first_ms = max(first_ms, SAMPLE_START_MS)
        count = min(max(PAGE.values()), max(0, (last_ms - first_ms) // timeframe.length_ms + 1))
        bars = sample_bars(symbol, timeframe, first_ms, count, seed)
        return bars[: int(bars.time.searchsorted(last_ms, side="right"))]

    return candles


def from_bars(bars: Bars) -> Candles:
    """Give these candles for every symbol, in their own timeframe; none in others."""

    def candles(_symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        if timeframe != bars.timeframe:
            return bars[:0]
        return bars[int(bars.time.searchsorted(first_ms)) : int(bars.time.searchsorted(last_ms, side="right"))]

    return candles


def exchange_info(venue: str, now_ms: int) -> Json:
    """Give what /exchangeInfo of a venue ("/api/v3" or "/fapi/v1") answers."""
    return {"timezone": "UTC", "serverTime": now_ms, "symbols": [_symbol(venue, base) for base in BASES]}


def klines(venue: str, query: Mapping[str, str], candles: Candles, now_ms: int) -> Json:
    """Give what /klines answers: from startTime on, or the newest; the candle that still forms included."""
    symbol = {f"{base}USDT": f"{base}/USDT{':USDT' if venue == '/fapi/v1' else ''}" for base in BASES}.get(
        query.get("symbol", "")
    )
    if symbol is None:
        raise BadRequest(-1121, "Invalid symbol.")
    if query.get("interval") not in INTERVALS[venue]:
        raise BadRequest(-1120, "Invalid interval.")
    timeframe = Timeframe.parse(query["interval"])
    limit = max(1, min(int(query.get("limit", 500)), PAGE[venue]))
    newest = timeframe.floor(min(int(query.get("endTime", now_ms)), now_ms))
    first = int(query["startTime"]) if "startTime" in query else timeframe.shift(newest, 1 - limit)
    bars = candles(symbol, timeframe, first, newest)[:limit]
    return [_kline(bars, row, now_ms) for row in range(len(bars))]


def ticker(venue: str, query: Mapping[str, str], candles: Candles, now_ms: int) -> Json:
    """Give what /ticker/24hr answers: the price is the close of the minute that forms, as far as it is."""
    (forming,) = cast("list[list[str]]", klines(venue, {**query, "interval": "1m", "limit": "1"}, candles, now_ms))
    return {"symbol": query["symbol"], "lastPrice": forming[4], "closeTime": now_ms, "openTime": now_ms - 86_400_000}


def _symbol(venue: str, base: str) -> Json:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "10000000.00", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.00100", "maxQty": "9000.00000", "stepSize": "0.00100"},
    ]
    common = {"symbol": f"{base}USDT", "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT", "filters": filters}
    if venue == "/api/v3":
        return common | {"baseAssetPrecision": 8, "quotePrecision": 8, "isSpotTradingAllowed": True}
    perpetual = {"contractType": "PERPETUAL", "deliveryDate": 4133404800000, "marginAsset": "USDT", "pair": "BTCUSDT"}
    return common | perpetual | {"pricePrecision": 2, "quantityPrecision": 3}


def _kline(bars: Bars, row: int, now_ms: int) -> Json:
    time = int(bars.time[row])
    end = bars.timeframe.next(time)
    opened, high, low, close, volume = (float(column[row]) for column in bars.columns())
    if end > now_ms:  # a candle that forms has gone a part of its way, and will look different when it is done
        part = (now_ms - time) / (end - time)
        close, volume = round(opened + part * (close - opened), 8), round(part * volume, 8)
        high, low = max(opened, close), min(opened, close)
    prices = [_plain(number) for number in (opened, high, low, close, volume)]
    return [time, *prices, end - 1, "0", 1, "0", "0", "0"]


def _plain(number: float) -> str:
    return format(Decimal(repr(number)), "f")
