"""Limits and bans of an exchange, and a start at which it does not list its markets; ccxt's real class on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.market_files import MarketsFile
from engine.errors import MarketDataUnavailableError
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS
from engine.ports import Notice, NoticeKind
from tests.servers.exchange import ExchangeServer, Trouble, ccxt_options

HOUR = Timeframe.parse("1h")
NOW = SAMPLE_START_MS + 100 * 3_600_000
SINCE = NOW - 10 * 3_600_000


BANNED = "banned for 50 s"


def banned() -> str:
    """Say it as Binance does: until when, from now on."""
    until = int((time.time() + 50) * 1_000)
    return f'{{"code":-1003,"msg":"Way too many requests; IP banned until {until}. Please use the websocket."}}'


@pytest.mark.parametrize(
    ("trouble", "least_s", "most_s"),
    [
        (Trouble("klines", status=429, headers={"Retry-After": "30"}), 29, 30),
        (Trouble("klines", status=429), 4, 5),
        (Trouble("klines", status=418, headers={"Retry-After": "7"}), 6, 7),
        (Trouble("klines", status=418), 119, 120),
        (Trouble("klines", status=418, body=BANNED, headers={"Retry-After": "1"}), 48, 50),
    ],
    ids=["429 told", "429", "418 told", "418", "418 in words"],
)
def test_from_a_limit_on_nothing_leaves_until_its_end(trouble: Trouble, least_s: float, most_s: float) -> None:
    """Of ten questions after a 429 or 418 none reaches the exchange, and each says how long it holds."""
    told: list[Notice] = []

    async def asking(server: ExchangeServer) -> None:
        market = CcxtMarket("binance", ccxt_options(server.url), tell=told.append)
        await market.kind("BTC/USDT")
        server.trouble(replace(trouble, body=banned()) if trouble.body == BANNED else trouble)
        for _ in range(11):
            with pytest.raises(MarketDataUnavailableError) as error:
                await market.closed_bars("BTC/USDT", HOUR, SINCE, NOW)
            assert least_s <= (error.value.retry_after_s or 0) <= most_s
        await market.close()

    with ExchangeServer(now_ms=lambda: NOW) as server:
        asyncio.run(asking(server))
        assert server.requests["/api/v3/klines"] == 1
    assert [notice.kind for notice in told] == [NoticeKind.LIMITED]


def test_what_was_queued_when_the_limit_came_does_not_leave() -> None:
    """Questions that wait in ccxt's own queue are not sent after the one that was answered 429."""

    async def asking(server: ExchangeServer) -> None:
        market = CcxtMarket("binance", ccxt_options(server.url) | {"rateLimit": 60})
        await market.kind("BTC/USDT")
        server.trouble(Trouble("klines", status=429, headers={"Retry-After": "9"}))
        asked = (market.closed_bars("BTC/USDT", HOUR, SINCE, NOW) for _ in range(20))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, MarketDataUnavailableError) for answer in answers)
        await market.close()

    with ExchangeServer(now_ms=lambda: NOW) as server:
        asyncio.run(asking(server))
        assert server.requests["/api/v3/klines"] <= 3


def test_after_the_end_of_a_limit_it_is_asked_again() -> None:
    """A second after a Retry-After of one second the candles come."""

    async def asking(server: ExchangeServer) -> int:
        market = CcxtMarket("binance", ccxt_options(server.url))
        server.trouble(Trouble("klines", status=429, headers={"Retry-After": "1"}, times=1))
        with pytest.raises(MarketDataUnavailableError):
            await market.closed_bars("BTC/USDT", HOUR, SINCE, NOW)
        await asyncio.sleep(1.05)
        count = len(await market.closed_bars("BTC/USDT", HOUR, SINCE, NOW))
        await market.close()
        return count

    with ExchangeServer(now_ms=lambda: NOW) as server:
        assert asyncio.run(asking(server)) == 10


def test_without_its_list_of_markets_a_start_takes_the_copy_and_asks_again(tmp_path: Path) -> None:
    """With a copy on the disk a start without exchangeInfo goes on, says so, and says when the list came after all."""
    file, told = tmp_path / "markets" / "binance.json", list[Notice]()

    async def starting(server: ExchangeServer, *, wait: bool) -> tuple[str, int]:
        market = CcxtMarket("binance", ccxt_options(server.url), markets_file=file, tell=told.append)
        market._markets._again_s = 0.0
        try:
            instrument = await market.instrument("BTC/USDT")
            count = len(await market.closed_bars("BTC/USDT", HOUR, SINCE, NOW))
            while wait and told[-1].kind is not NoticeKind.RESTORED:
                server.heal()
                await market.kind("BTC/USDT")
                await asyncio.sleep(0.01)
            return str(instrument.tick), count
        finally:
            await market.close()

    with ExchangeServer(now_ms=lambda: NOW) as server:
        assert asyncio.run(starting(server, wait=False)) == ("0.1", 10)
        assert told == []
        server.trouble(Trouble("exchangeInfo", status=503))
        assert asyncio.run(starting(server, wait=True)) == ("0.1", 10)
        assert [notice.kind for notice in told] == [NoticeKind.DEGRADED, NoticeKind.RESTORED]
        assert "503" in told[0].text
        server.trouble(Trouble("exchangeInfo", status=503))
        whole = file.read_bytes()
        for spoilt in (whole[:-10], whole.replace(b"BTC", b"BTX"), b"", b"{}", b"[]\n[]"):
            file.write_bytes(spoilt)
            with pytest.raises(MarketDataUnavailableError, match="503"):
                asyncio.run(starting(server, wait=False))


def test_a_disk_that_takes_no_copy_does_not_stop_the_start(tmp_path: Path) -> None:
    """Where the copy cannot be written, that is said, and the market answers."""
    (tmp_path / "taken").write_text("a file where a folder should be")
    told: list[Notice] = []

    async def starting(url: str) -> str:
        file = tmp_path / "taken" / "binance.json"
        market = CcxtMarket("binance", ccxt_options(url), markets_file=file, tell=told.append)
        tick = str((await market.instrument("BTC/USDT")).tick)
        await market.close()
        return tick

    with ExchangeServer(now_ms=lambda: NOW) as server:
        assert asyncio.run(starting(server.url)) == "0.1"
    assert [notice.kind for notice in told] == [NoticeKind.NOT_KEPT]


def test_one_candle_is_asked_for_with_a_short_page() -> None:
    """Exchanges charge by the size of a page: for one bar, five are asked for, not a thousand."""
    limits: list[int] = []

    async def asking(url: str) -> None:
        market = CcxtMarket("binance", ccxt_options(url))
        asked = market._exchange.fetch_ohlcv

        async def noted(*given: object, **named: int) -> object:
            limits.append(named["limit"])
            return await asked(*given, **named)

        market._exchange.fetch_ohlcv = noted
        await market.closed_bars("BTC/USDT", HOUR, NOW - 3_600_000, NOW)
        await market.closed_bars("BTC/USDT", HOUR, NOW - 50 * 3_600_000, NOW)
        await market.close()

    with ExchangeServer(now_ms=lambda: NOW) as server:
        asyncio.run(asking(server.url))
    assert limits == [5, 51]


def test_many_questions_at_once_write_the_copy_once(tmp_path: Path) -> None:
    """Fifty routes ask for their symbols at the start: the markets are asked for once, and kept once."""
    file = tmp_path / "binance.json"
    kept: list[int] = []

    class Counting(MarketsFile):
        def write(self, markets: Mapping[str, Mapping[str, Any]], now_ms: int) -> str:
            kept.append(len(markets))
            return super().write(markets, now_ms)

    async def starting(url: str) -> None:
        market = CcxtMarket("binance", ccxt_options(url), markets_file=file)
        market._markets._file = Counting(file, "binance")
        await asyncio.gather(*(market.kind("BTC/USDT") for _ in range(50)))
        await market.close()

    with ExchangeServer(now_ms=lambda: NOW) as server:
        asyncio.run(starting(server.url))
        assert server.requests["/api/v3/exchangeInfo"] == 1
    assert len(kept) == 1
    assert file.exists()
