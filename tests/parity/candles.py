"""All candles that the modes are compared on: the sample market, and the real ones beside the project."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.adapters.csv_files import read_csv
from engine.market import Bars, Instrument, Timeframe
from engine.market.instrument import tick_of
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Rule, read_rule
from tests.shared import require_shared

STRATEGIES = sorted((Path(__file__).resolve().parents[2] / "strategies").glob("*.yaml"))
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


@cache
def rule_on(strategy: Path, timeframe: Timeframe) -> Rule:
    """Give a shipped strategy as it would be written for another timeframe."""
    text = strategy.read_text(encoding="utf-8")
    assert text.count("\ntimeframe: 1h\n") == 1
    return read_rule(text.replace("\ntimeframe: 1h\n", f"\ntimeframe: {timeframe}\n"), strategy.name)
