"""All candles that the modes are compared on: the sample market, and the real ones beside the project."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine.adapters.csv_files import read_csv
from engine.live.session import Session
from engine.market import Bars, Instrument, Timeframe
from engine.market.instrument import tick_of
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Rule, read_rule
from engine.rules.feeds import feeds_of
from tests.shared import require_shared

STRATEGIES = sorted((Path(__file__).resolve().parents[2] / "strategies").glob("*.yaml"))
ALL = bool(os.environ.get("SIGNAL_ENGINE_ALL_CANDLES"))
SAMPLE = "sample"
REAL = (
    "ohlcv/btc_1m_with_gaps.csv",
    "ohlcv/eth_btc_5m.csv",
    "ohlcv/xlm_btc_5m.csv",
    "ohlcv/xrp_eth_1m_sparse.csv",
    "ohlcv/xrp_usdt_perp_5m.csv",
    "tradingview/strategies/btcusdt_1h_ohlcv.csv",
    "tradingview/strategies/eurusd_1h_ohlcv.csv",
)


@cache
def candles(source: str) -> tuple[Bars, Instrument]:
    """Give the candles and what they are of; skips the test where the shared data is absent."""
    if source == SAMPLE:
        bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 5_000)
        return bars, sample_instrument("BTC/USDT:USDT")
    bars = read_csv(require_shared(*source.split("/")))
    return bars, Instrument(source, tick_of(bars))


PAIRS = [
    (strategy, source)
    for i, strategy in enumerate(STRATEGIES)
    for source in (SAMPLE, *(REAL if ALL else (REAL[(i + 2) % len(REAL)],)))
]
"""Each strategy on the sample market and on one of the real series; with SIGNAL_ENGINE_ALL_CANDLES=1, on all."""


@cache
def rule_on(strategy: Path, timeframe: Timeframe) -> Rule:
    """Give a shipped strategy as it would be written for another timeframe, its longer ones as many times longer."""
    text = strategy.read_text(encoding="utf-8")
    (own,) = re.findall(r"^timeframe: (\w+)$", text, re.MULTILINE)

    def longer(match: re.Match[str]) -> str:
        times = Timeframe.parse(match[2]).length_ms // Timeframe.parse(own).length_ms
        return f'{match[1]}"{timeframe.count * times}{timeframe.unit}"'

    text = re.sub(r'(request\.security\("[^"]*", )"(\w+)"', longer, text)
    return read_rule(text.replace(f"\ntimeframe: {own}\n", f"\ntimeframe: {timeframe}\n"), strategy.name)


def others_of(rule: Rule, bars: Bars, own: str) -> dict[str, Bars]:
    """Give candles of the symbols that a rule looks at beside its own: its own stand in for them."""
    return {feed.symbol: bars for feed in rule.plan(symbol=own).fetched if feed.symbol}


def fetch(live: Session, others: Mapping[str, Bars], own: str, since_ms: int, closed_ms: int) -> None:
    """Give a session what an exchange would give it at that moment."""
    there = {s: bars[: int(bars.closes_ms.searchsorted(closed_ms, side="right"))] for s, bars in others.items()}
    given = feeds_of(live.plan, there, own)
    for feed in live.feeds.candles:
        first = live.feeds.since_ms(feed, since_ms)
        live.feeds.add(feed, given[feed][int(given[feed].time.searchsorted(first)) :])
