"""The public answers of Coinbase Exchange: 300 candles at a time, newest first, and none for what nobody traded in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from engine.market import Bars, Timeframe
from tests.servers.binance import BadRequest, Candles, Json

BASES = ("BTC", "ETH")
PAGE = 300
_MINUTE = Timeframe.parse("1m")
GRANULARITIES = {60: "1m", 300: "5m", 900: "15m", 3_600: "1h", 21_600: "6h", 86_400: "1d"}


def sparse(candles: Candles) -> Candles:
    """Give the candles without those of quiet times: of seven, the third and the fourth; and 400 in a row."""

    def some(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        bars = candles(symbol, timeframe, first_ms, last_ms)
        number = bars.time // timeframe.length_ms
        traded = ~np.isin(number % 7, (2, 3)) & (number % 2_000 >= 400)
        return Bars(timeframe, bars.time[traded], *(column[traded] for column in bars.columns()))

    return some


def answer(path: str, query: Mapping[str, str], candles: Candles, now_ms: int) -> Json:
    """Give what a GET is answered. Errors: BadRequest."""
    if path == "/time":
        return {"iso": _iso(now_ms), "epoch": now_ms / 1_000}
    if path == "/products":
        return [_product(base) for base in BASES]
    if path == "/currencies":
        return []
    _, _, product, what = path.split("/")
    base, _, quote = product.partition("-")
    if what not in ("candles", "ticker") or base not in BASES or quote != "USD":
        raise BadRequest(-1, "NotFound")
    if what == "ticker":
        newest = candles(f"{base}/{quote}", _MINUTE, _MINUTE.floor(now_ms) - 60_000, now_ms)
        return {"trade_id": 1, "price": str(float(newest.close[0])), "size": "1", "time": _iso(now_ms)}
    seconds = int(query["granularity"])
    if seconds not in GRANULARITIES:
        raise BadRequest(-1, "Unsupported granularity")
    timeframe = Timeframe.parse(GRANULARITIES[seconds])
    first, last = (_ms(query[name]) for name in ("start", "end"))
    if (last - first) // timeframe.length_ms >= PAGE:
        raise BadRequest(-1, f"granularity too small for the requested time range. Count of aggregations > {PAGE}")
    bars = candles(f"{base}/{quote}", timeframe, max(0, first), min(last, now_ms))[:PAGE]
    opened, high, low, close, volume = bars.columns()
    table = zip((bars.time // 1_000).tolist(), *(c.tolist() for c in (low, high, opened, close, volume)), strict=True)
    return list(table)[::-1]


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1_000)


def _product(base: str) -> Json:
    return {
        "id": f"{base}-USD",
        "base_currency": base,
        "quote_currency": "USD",
        "quote_increment": "0.01",
        "base_increment": "0.00000001",
        "display_name": f"{base}/USD",
        "min_market_funds": "1",
        "margin_enabled": False,
        "trading_disabled": False,
        "status": "online",
    }
