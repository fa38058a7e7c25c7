"""A live route that looks at another symbol's candles of a longer timeframe: fetched, waited for, caught up with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.clocks import SteppedClock
from engine.backtest import backtest
from engine.decisions import Costs
from engine.errors import RefusedError
from engine.live import LiveEngine, Session
from engine.live.feed_windows import FeedWindows
from engine.market import Bars, Timeframe
from engine.market.feed import Feed
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.ports import MarketData
from engine.rules import Rule, read_rule
from tests.live.test_engine import FlakyMarket, World
from tests.servers.exchange import ExchangeServer, ccxt_options

HOUR, FOUR = Timeframe.parse("1h"), Timeframe.parse("4h")
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
RULE = f"""\
name: pair
market: futures
timeframe: 1h
define:
  lead: request.security("{OTHER}", "4h", ta.sma(close, 3))
  trend: request.security("", "2h", ta.sma(close, 2))
long: {{enter: "lead > lead[1] and close > trend", exit: "close < trend"}}
short: {{enter: "lead < lead[1] and close < trend", exit: "close > trend"}}
order: {{size: {{percent: 10}}}}
"""


class LaggingMarket(FlakyMarket):
    """A market that publishes the newest candle of another symbol only when it is told to."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(clock)
        self.held_back_ms: int | None = None

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        bars = await super().closed_bars(symbol, timeframe, since_ms, now_ms)
        if symbol == SYMBOL or self.held_back_ms is None:
            return bars
        return bars[: int(bars.time.searchsorted(self.held_back_ms))]


class Pair(World):
    """A world whose rule looks at two symbols."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.rule: Rule = read_rule(RULE, "rule")
        self.market: LaggingMarket = LaggingMarket(self.clock)

    def hours(self, engine: LiveEngine, *hours: int) -> None:
        for hour in hours:
            self.to(hour)
            asyncio.run(engine.tick())
            self.acknowledge()

    def expected(self, hours: int) -> list[str]:
        warmup = self.rule.plan().warmup
        own = sample_bars(SYMBOL, HOUR, HOUR.shift(self.start, -warmup), warmup + hours)
        others = {OTHER: sample_bars(OTHER, FOUR, SAMPLE_START_MS, 100)}
        result = backtest(self.rule, own, sample_instrument(SYMBOL), others=others)
        assert result.warmup == warmup
        return [message.json() for message in result.messages]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_ticks_and_restarts_decide_what_a_backtest_decides(pair: Pair) -> None:
    """Hour by hour, by engines that take over from each other, the messages equal the backtest's, byte for byte."""
    said: list[str] = []
    for first in range(0, 40, 10):
        engine, watcher = pair.engine()
        pair.hours(engine, *range(first, first + 10))
        said += watcher.messages
    assert said == pair.expected(39)
    assert len(said) > 3


def test_a_candle_of_the_other_symbol_is_waited_for(pair: Pair) -> None:
    """While the other symbol's candle that has closed is not there, nothing is decided; then all is as it should be."""
    engine, watcher = pair.engine()
    pair.hours(engine, 0, 1, 2, 3)
    assert pair.start == FOUR.floor(pair.start)  # so that the next hour closes with a candle of four
    assert len(watcher.outcomes) == 3
    pair.market.held_back_ms = pair.start
    pair.hours(engine, 4)
    assert len(watcher.outcomes) == 3
    pair.market.held_back_ms = None
    pair.clock.step_to(pair.clock.now_ms() + 10_000)
    pair.hours(engine, 4)
    assert len(watcher.outcomes) == 4
    assert watcher.messages == pair.expected(4)
    assert watcher.waits == []


def test_a_candle_that_never_comes_is_not_waited_for_longer_than_a_minute(pair: Pair) -> None:
    """Where nobody traded the other symbol, the value before holds from a minute on, and that is said."""
    engine, watcher = pair.engine()
    pair.hours(engine, 0, 3)
    pair.market.held_back_ms = pair.start
    pair.clock.step_to(HOUR.shift(pair.start, 4) + 59_000)
    asyncio.run(engine.tick())
    assert len(watcher.outcomes) == 3
    pair.clock.step_to(HOUR.shift(pair.start, 4) + 70_000)
    asyncio.run(engine.tick())
    assert len(watcher.outcomes) == 4
    assert "ETH/USDT:USDT 4h: no candle closed at 2024-01-05 08:00 UTC" in watcher.waits[0]
    pair.hours(engine, 5)
    assert len(watcher.outcomes) == 5  # at once: it is known not to come


def test_an_outage_of_the_other_symbol_stops_decisions(pair: Pair) -> None:
    """While candles cannot be had, nothing is decided on old ones; afterwards every hour is stepped."""
    engine, watcher = pair.engine()
    pair.hours(engine, 0)
    pair.market.cut = True
    pair.hours(engine, 1, 9)
    assert watcher.outcomes == []
    pair.market.cut = False
    pair.hours(engine, 10)
    assert len(watcher.outcomes) == 10


def test_a_route_with_a_position_waits_for_the_other_candles_too(pair: Pair) -> None:
    """With too few candles of the other symbol after a restart nothing is decided blindly: it is said."""
    engine, _ = pair.engine()
    pair.hours(engine, 0, 1)
    pair.market.held_back_ms = SAMPLE_START_MS + 2 * FOUR.length_ms
    later, watcher = pair.engine()
    pair.hours(later, 2)
    assert later.sessions == []
    assert "the exchange gave" in watcher.waits[0]
    assert f"of {OTHER} 4h: too few" in watcher.waits[0]


def test_a_restart_waits_for_the_other_candle_too(pair: Pair) -> None:
    """What was missed is not stepped after a restart either before the other symbol's candle is there."""
    engine, _ = pair.engine()
    pair.hours(engine, 0, 1, 2, 3)
    pair.market.held_back_ms = pair.start
    later, watcher = pair.engine()
    pair.hours(later, 4)
    assert len(later.sessions) == 1
    assert watcher.outcomes == []
    pair.market.held_back_ms = None
    pair.clock.step_to(pair.clock.now_ms() + 10_000)
    pair.hours(later, 4)
    assert [int(outcome.bar.time[0]) for outcome in watcher.outcomes] == [HOUR.shift(pair.start, 3)]


def test_nothing_is_decided_before_the_other_candles_are_warm() -> None:
    """A value that is known, and not yet right, opens nothing."""
    text = RULE.replace("ta.sma(close, 3)", "ta.ema(close, 3)")
    session = Session("route", "main", read_rule(text, "rule"), sample_instrument(SYMBOL), Costs())
    bars, (feed,) = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 400), session.feeds.candles
    session.restore(bars[:40])
    session.feeds.add(feed, sample_bars(OTHER, FOUR, SAMPLE_START_MS, 100))
    warmup = session.plan.feeds[feed].warmup
    assert warmup > 10
    outcomes = [session.step(bars[i : i + 1]) for i in range(40, len(bars))]
    first = next(int(o.bar.closes_ms[0]) for o in outcomes if o.decisions)
    assert first >= SAMPLE_START_MS + (warmup + 1) * FOUR.length_ms


def test_an_unknown_other_symbol_is_refused(pair: Pair) -> None:
    """What the exchange will never have ends the start, with the name of it."""
    pair.rule = read_rule(RULE.replace(OTHER, "eth/usdt"), "rule")
    engine, _ = pair.engine()
    with pytest.raises(RefusedError, match="the sample market has no 'eth/usdt'"):
        asyncio.run(engine.tick())


def test_windows_say_what_is_missing() -> None:
    """A candle is missing from its close on, until it or a later one is there."""
    plan = read_rule(RULE, "rule").plan()
    windows, feed = FeedWindows(plan), Feed(OTHER, FOUR)
    assert list(windows.candles) == [feed]
    start = SAMPLE_START_MS + 10 * FOUR.length_ms
    windows.add(feed, sample_bars(OTHER, FOUR, start, 1))
    assert windows.since_ms(feed, 0) == start + FOUR.length_ms
    assert windows.missing(start + 2 * FOUR.length_ms - 1) == {}
    assert windows.missing(start + 2 * FOUR.length_ms) == {feed: start + 2 * FOUR.length_ms}
    windows.add(feed, sample_bars(OTHER, FOUR, start + 2 * FOUR.length_ms, 1))
    assert windows.missing(start + 2 * FOUR.length_ms) == {}


def test_through_the_real_adapter(pair: Pair) -> None:
    """On Binance as ccxt sees it, a route that looks at two symbols decides what a backtest decides."""

    async def run(market: MarketData) -> list[str]:
        engine, watcher = pair.engine(market=market)
        for hour in range(20):
            pair.to(hour)
            await engine.tick()
            pair.acknowledge()
        await market.close()
        return watcher.messages

    with ExchangeServer(now_ms=pair.clock.now_ms) as server:
        # The exchange's time is asked for at every tick, since the clock jumps.
        said = asyncio.run(run(CcxtMarket("binanceusdm", ccxt_options(server.url), clock_seconds=0.0)))
        asked = server.requests["/fapi/v1/klines"]
    assert said == pair.expected(19)
    assert said
    assert 2 + 19 + 4 <= asked <= 2 + 19 + 5  # at the start, every hour, and every four hours
