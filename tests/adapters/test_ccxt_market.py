"""ccxt's real classes of Binance against a server on loopback: pages, forming candles, and every kind of trouble."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError
from engine.market import Bars, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from tests.servers.binance import from_bars
from tests.servers.exchange import ExchangeServer, Trouble, ccxt_options

T = TypeVar("T")
HOUR = Timeframe.parse("1h")
NOW = SAMPLE_START_MS + 2_600 * 3_600_000 + 1_234_567  # 2,600 hours have closed, one forms
CLASSES = [("binance", "BTC/USDT", "/api/v3"), ("binanceusdm", "BTC/USDT:USDT", "/fapi/v1")]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ExchangeServer]:
    with ExchangeServer(now_ms=lambda: NOW) as server:
        yield server


@pytest.fixture
def server(shared_server: ExchangeServer) -> Iterator[ExchangeServer]:
    shared_server.requests.clear()
    yield shared_server
    shared_server.heal()


def ask(exchange: str, url: str, question: Callable[[CcxtMarket], Coroutine[Any, Any, T]], **options: object) -> T:
    """Ask one question of a market of its own, and close that, whatever comes of it."""

    async def asking() -> T:
        market = CcxtMarket(exchange, ccxt_options(url) | options)
        try:
            return await question(market)
        finally:
            await market.close()

    return asyncio.run(asking())


def bars_of(symbol: str, since_ms: int = SAMPLE_START_MS) -> Callable[[CcxtMarket], Coroutine[Any, Any, Bars]]:
    return lambda market: market.closed_bars(symbol, HOUR, since_ms, NOW)


@pytest.mark.parametrize(("exchange", "symbol", "venue"), CLASSES)
def test_several_pages_are_put_together(exchange: str, symbol: str, venue: str, server: ExchangeServer) -> None:
    """2,600 closed bars come in pages, equal to the source, without the candle that forms."""
    bars = ask(exchange, server.url, bars_of(symbol))
    truth = sample_bars(symbol, HOUR, SAMPLE_START_MS, 2_600)
    assert np.array_equal(bars.time, truth.time)
    assert all(np.array_equal(a, b) for a, b in zip(bars.columns(), truth.columns(), strict=True))
    assert server.requests[f"{venue}/klines"] in (3, 6)  # of 1,000 or 500: what ccxt states of the venue


@pytest.mark.parametrize(("exchange", "symbol", "venue"), CLASSES)
def test_a_hole_longer_than_a_page_does_not_end_the_search(exchange: str, symbol: str, venue: str) -> None:
    """Bars after a rest of 1,500 hours are found."""
    full = sample_bars(symbol, HOUR, SAMPLE_START_MS, 2_601)
    holed = full[:50].then(full[1_550:])
    with ExchangeServer(from_bars(holed), lambda: NOW) as server:
        assert np.array_equal(ask(exchange, server.url, bars_of(symbol)).time, holed.time[:-1])


@pytest.mark.parametrize(
    ("exchange", "symbol", "kind"),
    [
        ("binance", "BTC/USDT", MarketKind.SPOT),
        ("binance", "BTC/USDT:USDT", MarketKind.FUTURES),
        ("binanceusdm", "BTC/USDT:USDT", MarketKind.FUTURES),
    ],
)
def test_instrument_and_kind(exchange: str, symbol: str, kind: MarketKind, server: ExchangeServer) -> None:
    """Tick, lot and kind come from the exchange's own list of markets."""

    async def both(market: CcxtMarket) -> tuple[Decimal, Decimal, MarketKind]:
        instrument = await market.instrument(symbol)
        return instrument.tick, instrument.lot, await market.kind(symbol)

    assert ask(exchange, server.url, both) == (Decimal("0.1"), Decimal("0.001"), kind)


def test_the_markets_are_loaded_once(server: ExchangeServer) -> None:
    """However many questions are asked at once, the list of markets is fetched once."""

    async def many(market: CcxtMarket) -> None:
        await asyncio.gather(*(market.instrument("BTC/USDT") for _ in range(5)))
        await market.kind("ETH/USDT")

    ask("binance", server.url, many)
    assert server.requests["/api/v3/exchangeInfo"] == 1


def test_the_time_is_the_exchanges_and_is_asked_for_rarely(server: ExchangeServer) -> None:
    """now_ms follows the exchange's clock, and ten calls make one request."""

    async def ten(market: CcxtMarket) -> list[int]:
        return [await market.now_ms() for _ in range(10)]

    times = ask("binance", server.url, ten)
    assert all(0 <= moment - NOW < 5_000 for moment in times)
    assert times == sorted(times)
    assert server.requests["/api/v3/time"] == 1


def test_the_time_is_asked_for_again_when_it_is_old() -> None:
    """With a refresh of 0 s every call follows a clock that runs a thousand times as fast."""
    begun = time.monotonic()

    async def apart() -> tuple[int, int]:
        with ExchangeServer(now_ms=lambda: NOW + int((time.monotonic() - begun) * 1_000_000)) as server:
            market = CcxtMarket("binance", ccxt_options(server.url), clock_seconds=0)
            first = await market.now_ms()
            await asyncio.sleep(0.05)
            second = await market.now_ms()
            await market.close()
        return first, second

    first, second = asyncio.run(apart())
    assert second - first >= 45_000


def test_a_time_that_travelled_long_is_asked_for_again_soon(server: ExchangeServer) -> None:
    """After an answer that took 0.6 s the next comes 5 s later, not a minute: meanwhile our clock seems to be off."""

    async def slow_then_fast(market: CcxtMarket) -> tuple[int, int]:
        await market._exchange.load_markets()
        server.trouble(Trouble("time", delay_s=0.6, times=1))
        await market.now_ms()
        market._clock_read -= 4.9  # as if so much had passed
        await market.now_ms()
        asked = server.requests["/api/v3/time"]
        await asyncio.sleep(0.15)
        await market.now_ms()
        await market.now_ms()
        return asked, server.requests["/api/v3/time"]

    assert ask("binance", server.url, slow_then_fast) == (1, 2)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble("klines", status=500), "500"),
        (Trouble("klines", status=502), "502"),
        (Trouble("klines", status=503, body='{"code":-9999,"msg":"who knows"}'), "who knows"),
        (Trouble("klines", status=504), "504"),
        (Trouble("klines", status=408), "408"),
        (Trouble("klines", reset=True), "disconnected"),
        (Trouble("klines", delay_s=2), "RequestTimeout"),
        (Trouble("klines", body="<html>We are down</html>"), "not JSON: '<html>We are down</html>'"),
        (Trouble("klines", body=""), "not JSON"),
        (Trouble("exchangeInfo", status=503), "503"),
        (Trouble("exchangeInfo", body='{"symbols": []}'), "no markets at all"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_pass_is_unavailable_and_then_works(trouble: Trouble, said: str, server: ExchangeServer) -> None:
    """Trouble that may pass is MarketDataUnavailableError, and the same market answers once it has passed."""
    server.trouble(trouble)

    async def twice(market: CcxtMarket) -> tuple[str, int]:
        with pytest.raises(MarketDataUnavailableError) as error:
            await market.closed_bars("BTC/USDT", HOUR, NOW - 86_400_000, NOW)
        server.heal()
        return str(error.value), len(await market.closed_bars("BTC/USDT", HOUR, NOW - 86_400_000, NOW))

    text, count = ask("binance", server.url, twice, timeout=500)
    assert text.startswith("binance: ")
    assert said in text
    assert text.endswith("it will be asked again")
    assert "symbol=" not in text
    assert count == 23


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 451])
def test_a_refusal_is_final(status: int, server: ExchangeServer) -> None:
    """A 4xx that is no limit is MarketDataError, though ccxt calls most of them "not available"."""
    server.trouble(Trouble("klines", status=status, body="<html>no</html>"))
    with pytest.raises(MarketDataError, match=rf"binance: .*{status}.*asking again will not help") as error:
        ask("binance", server.url, bars_of("BTC/USDT"))
    assert not isinstance(error.value, MarketDataUnavailableError)


@pytest.mark.parametrize(("exchange", "symbol", "venue"), CLASSES)
def test_an_unreachable_exchange_is_unavailable(exchange: str, symbol: str, venue: str) -> None:
    """Where nobody listens, every question is MarketDataUnavailableError."""
    with socket.socket() as taken:  # bound, but never listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for question in (bars_of(symbol), CcxtMarket.now_ms, lambda market: market.instrument(symbol)):
            with pytest.raises(MarketDataUnavailableError, match="Cannot connect"):
                ask(exchange, url, question)


def test_unknown_names_say_what_was_probably_meant(server: ExchangeServer) -> None:
    """A misspelt exchange, symbol or timeframe is final, with a suggestion."""
    with pytest.raises(MarketDataError, match="no exchange 'binanc'; did you mean 'binance'"):
        CcxtMarket("binanc", {})
    with pytest.raises(MarketDataError, match="no symbol 'BTC/USTD'; did you mean 'BTC/USDT'"):
        ask("binance", server.url, lambda market: market.instrument("BTC/USTD"))
    with pytest.raises(MarketDataError, match="no 7m candles; it has 1s, 1m, 3m"):
        ask("binance", server.url, lambda market: market.closed_bars("BTC/USDT", Timeframe.parse("7m"), 0, NOW))


def test_an_interval_that_only_the_exchange_refuses_is_final(server: ExchangeServer) -> None:
    """Binance's futures have no 1s candles though ccxt lists them; its refusal is final."""
    seconds = Timeframe.parse("1s")
    with pytest.raises(MarketDataError, match="Invalid interval"):
        ask("binanceusdm", server.url, lambda market: market.closed_bars("BTC/USDT:USDT", seconds, NOW - 9_000, NOW))
    assert len(ask("binance", server.url, lambda m: m.closed_bars("BTC/USDT", seconds, NOW - 9_000, NOW))) == 8


def spoilt(column: str, row: int, value: float) -> Bars:
    bars = sample_bars("BTC/USDT", HOUR, SAMPLE_START_MS, 2_601)
    cells = getattr(bars, column).copy()
    cells[row] = value
    return replace(bars, **{column: cells})


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        (spoilt("low", 40, 1e9), "low is 1e+09, above the high"),
        (spoilt("close", 40, 0), "2024-01-02T16:00:00Z: close is 0; it must be above 0"),
        (spoilt("volume", 40, -1), "volume is -1; it must be 0 or more"),
        (spoilt("time", 40, SAMPLE_START_MS + 39 * 3_600_000), "time is the same as the row before"),
        (spoilt("time", 40, SAMPLE_START_MS + 39 * 3_600_000 + 1), "time is not the start of a 1h bar"),
    ],
)
def test_candles_that_are_not_whole_are_refused(bars: Bars, said: str) -> None:
    """One bad candle refuses the answer, naming exchange, symbol, timeframe and the candle's time."""
    with ExchangeServer(from_bars(bars), lambda: NOW) as server, pytest.raises(InvalidCandlesError) as error:
        ask("binance", server.url, bars_of("BTC/USDT"))
    assert str(error.value).startswith("binance BTC/USDT 1h at 2024-01-02T1")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([None, "1", "1", "1", "1", "1"], "1 candles came without a time"),
        ([NOW // 3_600_000 * 3_600_000 - 3_600_000, "1", None, "1", "1", "1"], "high is nan"),
        ([NOW // 3_600_000 * 3_600_000 - 3_600_000, "1", "what", "1", "1", "1"], "high is nan"),
    ],
)
def test_cells_that_are_missing_are_refused(row: list[object], said: str, server: ExchangeServer) -> None:
    """A candle without a time or with a price that is no number is InvalidCandlesError, not a missing bar."""
    server.trouble(Trouble("klines", body=json.dumps([row])))
    with pytest.raises(InvalidCandlesError, match=said):
        ask("binance", server.url, bars_of("BTC/USDT", NOW - 3 * 3_600_000))


@pytest.mark.parametrize(("exchange", "symbol", "venue"), CLASSES)
def test_the_last_price_is_the_tickers(exchange: str, symbol: str, venue: str, server: ExchangeServer) -> None:
    """It is the price of the last trade: here the close of the minute that forms."""
    price = ask(exchange, server.url, lambda market: market.last_price(symbol))
    minute = Timeframe.parse("1m")
    forming = server.candles(symbol, minute, minute.floor(NOW), NOW)
    assert min(forming.open[0], forming.close[0]) <= price <= max(forming.open[0], forming.close[0])
    assert server.requests[f"{venue}/ticker/24hr"] == 1


@pytest.mark.parametrize(
    ("ticker", "price"),
    [
        ({"bidPrice": "99.5", "askPrice": "100"}, Decimal("99.75")),
        ({"lastPrice": "0", "bidPrice": "99.5"}, None),
        ({}, None),
    ],
)
def test_a_ticker_without_a_last_price(ticker: dict[str, str], price: Decimal | None, server: ExchangeServer) -> None:
    """The middle of bid and ask stands for it; without them there is none, and it is asked again."""
    server.trouble(Trouble("/ticker/24hr", body=json.dumps({"symbol": "BTCUSDT", "closeTime": NOW, **ticker})))
    if price is not None:
        assert ask("binance", server.url, lambda market: market.last_price("BTC/USDT")) == price
        return
    with pytest.raises(MarketDataUnavailableError, match="ticker of BTC/USDT has no price"):
        ask("binance", server.url, lambda market: market.last_price("BTC/USDT"))


def test_secrets_in_options_are_not_in_errors() -> None:
    """A proxy's password does not show in the error of an unreachable proxy."""
    proxy = "http://user:hunter2@127.0.0.1:9"
    with pytest.raises(MarketDataError) as error:
        ask("binance", "http://127.0.0.1:9", CcxtMarket.now_ms, httpProxy=proxy)
    assert "hunter2" not in str(error.value)


def test_closing_twice_and_without_use_is_harmless() -> None:
    """A market that never asked anything closes, twice."""

    async def closing() -> None:
        market = CcxtMarket("binance", ccxt_options("http://127.0.0.1:9"))
        await market.close()
        await market.close()

    asyncio.run(closing())
