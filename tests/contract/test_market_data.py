"""What every source of candles promises, checked on the sample market and on three of ccxt's classes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.sample_market import SampleMarket
from engine.errors import MarketDataError, MarketDataUnavailableError
from engine.market import Bars, MarketKind, Timeframe, faults
from engine.market.sample import SAMPLE_START_MS
from engine.ports import Exchange, MarketData
from tests.servers.exchange import ExchangeServer, ccxt_options, coinbase_options

T = TypeVar("T")
NOW = SAMPLE_START_MS + 75 * 86_400_000 + 12_345_678  # some time on 16 March 2024
LENGTHS = [Timeframe.parse(text) for text in ("1m", "15m", "1h", "1d", "1w", "1M")]


@dataclass(frozen=True)
class FixedClock:
    time_ms: int

    def now_ms(self) -> int:
        return self.time_ms


@dataclass(frozen=True)
class Source:
    """A way to make the market under test, a symbol it has, and what kind that is."""

    make: Callable[[], Exchange]
    symbol: str
    kind: MarketKind
    longest: str = "1M"  # of its timeframes

    def ask(self, question: Callable[[Exchange], Awaitable[T]]) -> T:
        async def asking() -> T:
            market = self.make()
            try:
                return await question(market)
            finally:
                await market.close()

        return asyncio.run(asking())

    def bars(self, timeframe: Timeframe, since_ms: int, now_ms: int = NOW) -> Bars:
        return self.ask(lambda market: market.closed_bars(self.symbol, timeframe, since_ms, now_ms))


@pytest.fixture(scope="module")
def server() -> Iterator[ExchangeServer]:
    with ExchangeServer(now_ms=lambda: NOW) as server:
        yield server


@pytest.fixture(params=["sample", "binance", "binanceusdm", "coinbaseexchange"])
def source(request: pytest.FixtureRequest, server: ExchangeServer) -> Source:
    if request.param == "sample":
        return Source(lambda: SampleMarket(FixedClock(NOW)), "BTC/USDT", MarketKind.SPOT)
    if request.param == "coinbaseexchange":
        options = coinbase_options(server.url)
        return Source(lambda: CcxtMarket(request.param, options), "BTC/USD", MarketKind.SPOT, longest="1d")
    symbol, kind = ("BTC/USDT", MarketKind.SPOT)
    if request.param == "binanceusdm":
        symbol, kind = ("BTC/USDT:USDT", MarketKind.FUTURES)
    return Source(lambda: CcxtMarket(request.param, ccxt_options(server.url)), symbol, kind)


@pytest.mark.parametrize("timeframe", LENGTHS, ids=str)
def test_exactly_the_closed_bars_of_the_window_come(source: Source, timeframe: Timeframe) -> None:
    """The first bar opens at or after the start, the last is the newest closed one, and they are whole."""
    if timeframe.length_ms > Timeframe.parse(source.longest).length_ms:
        pytest.skip(f"its longest candles are {source.longest}")
    last = timeframe.last_closed(NOW)
    since = max(timeframe.shift(last, -20), SAMPLE_START_MS)
    bars = source.bars(timeframe, since)
    expected = [since]
    while expected[-1] < last:
        expected.append(timeframe.next(expected[-1]))
    assert bars.timeframe == timeframe
    assert bars.time.tolist() == expected
    assert faults(bars) == []


def test_a_bar_is_closed_from_the_moment_it_ends(source: Source) -> None:
    """A bar comes when now is its end, and not a millisecond before."""
    hour = Timeframe.parse("1h")
    opened = hour.last_closed(NOW) - 5 * hour.length_ms
    assert source.bars(hour, opened, hour.next(opened)).time.tolist() == [opened]
    assert len(source.bars(hour, opened, hour.next(opened) - 1)) == 0


def test_a_start_between_two_bars_means_the_later_one(source: Source) -> None:
    """A bar that opened before the start does not come, though it closes after it."""
    hour = Timeframe.parse("1h")
    opened = hour.last_closed(NOW) - 5 * hour.length_ms
    assert int(source.bars(hour, opened + 1).time[0]) == opened + hour.length_ms


def test_a_window_in_the_future_is_empty(source: Source) -> None:
    """No bars are no error."""
    assert len(source.bars(Timeframe.parse("1h"), NOW + 86_400_000)) == 0


def test_a_window_asked_for_in_parts_is_the_same(source: Source) -> None:
    """Catching up bar by bar gives what one request for all gives."""
    minute = Timeframe.parse("1m")
    last = minute.last_closed(NOW)
    since = last - 1_100 * minute.length_ms  # more than one page
    whole = source.bars(minute, since)

    async def parts(market: MarketData) -> list[Bars]:
        times = [since, since + 7 * minute.length_ms, since + 1_050 * minute.length_ms, last + minute.length_ms]
        return [await market.closed_bars(source.symbol, minute, begin, end) for begin, end in pairwise(times)]

    pieces = source.ask(parts)
    for column in ("time", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(whole, column), np.concatenate([getattr(piece, column) for piece in pieces]))


def test_before_the_first_bar_there_is_nothing(source: Source) -> None:
    """A window that begins before the market was listed starts with its first bar."""
    assert int(source.bars(Timeframe.parse("1d"), 0).time[0]) == SAMPLE_START_MS


def test_the_time_is_the_markets_own(source: Source) -> None:
    """now_ms is the market's time, not this machine's."""
    assert 0 <= source.ask(lambda market: market.now_ms()) - NOW < 5_000


def test_the_last_price_is_one_of_the_newest_minutes(source: Source) -> None:
    """What was traded last lies within the minute that forms or the one before it."""
    minute = Timeframe.parse("1m")
    newest = source.bars(minute, minute.last_closed(NOW) - minute.length_ms, NOW + minute.length_ms)
    price = source.ask(lambda market: market.last_price(source.symbol))
    assert newest.low[-2:].min() <= price <= newest.high[-2:].max()


def test_an_instrument_states_symbol_tick_and_lot(source: Source) -> None:
    """Prices and amounts have steps above 0, and every price is on its step."""
    instrument = source.ask(lambda market: market.instrument(source.symbol))
    assert instrument.symbol == source.symbol
    assert min(instrument.tick, instrument.lot) > 0
    steps = source.bars(Timeframe.parse("1h"), NOW - 86_400_000).close / float(instrument.tick)
    assert np.allclose(steps, np.round(steps), rtol=0, atol=1e-6)


def test_a_symbol_has_a_kind(source: Source) -> None:
    """Spot is told from futures."""
    assert source.ask(lambda market: market.kind(source.symbol)) is source.kind


@pytest.mark.parametrize("question", ["instrument", "kind", "bars"])
def test_an_unknown_symbol_is_final(source: Source, question: str) -> None:
    """A symbol that does not exist is MarketDataError, named, and asking again is not offered."""

    async def asking(market: MarketData) -> object:
        if question == "bars":
            return await market.closed_bars("no-such-symbol", Timeframe.parse("1h"), NOW - 86_400_000, NOW)
        return await (market.kind if question == "kind" else market.instrument)("no-such-symbol")

    with pytest.raises(MarketDataError, match="no-such-symbol") as error:
        source.ask(asking)
    assert not isinstance(error.value, MarketDataUnavailableError)
