"""The machine against TradingView's own lists of trades: all of them, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.csv_files import read_csv
from engine.adapters.tradingview_trades import ExportedTrade, read_trades
from engine.backtest import Trade, backtest
from engine.decisions import Costs
from engine.market import Bars, Instrument, Timeframe
from engine.market.resample import resample
from engine.rules import read_rule_file
from tests.shared import require_shared

RULES = Path(__file__).resolve().parents[2] / "backtests" / "tradingview"
TICK = Decimal("0.00001")


@cache
def eurusd() -> Bars:
    return read_csv(require_shared("tradingview", "strategies", "eurusd_1h_ohlcv.csv"))


def exported(name: str) -> list[ExportedTrade]:
    return read_trades(require_shared("tradingview", "strategies", f"{name}_trades.csv"))


COSTS = Costs(1_000_000, 0, 0, fills="tradingview")
SLIPPAGE_BASIC = replace(COSTS, capital=10_000, commission_percent=0.1, slippage_ticks=10)
SLIPPAGE_LIMIT = replace(SLIPPAGE_BASIC, slippage_ticks=20)


@pytest.mark.parametrize(
    ("name", "lot", "count", "costs", "more"),
    [
        ("macd", "0", 1808, COSTS, ()),
        ("supertrend", "0.1", 602, COSTS, ()),
        ("bollinger", "0", 579, COSTS, ()),
        ("slippage_basic", "0", 2, SLIPPAGE_BASIC, ()),
        ("slippage_limit", "0", 281, SLIPPAGE_LIMIT, ("slippage_limit_more_candles.csv",)),
    ],
)
def test_strategies(name: str, lot: str, count: int, costs: Costs, more: tuple[str, ...]) -> None:
    """Every trade of the export comes out: side, times, prices to the tick, quantity, profit to its digits."""
    expected, bars = exported(name), eurusd()
    for file in more:
        bars = bars.then(read_csv(require_shared("tradingview", "strategies", file)))
    rule = read_rule_file(RULES / f"{name}.yaml")
    result = backtest(rule, bars, Instrument("EURUSD", TICK, Decimal(lot)), costs, warmup=0)
    assert len(expected) == count
    assert_equal(result.trades, expected, bars)


def test_bar_magnifier() -> None:
    """Daily bars whose fills are resolved on the hours inside each come out, trade for trade."""
    hours = read_csv(require_shared("tradingview", "strategies", "btcusdt_1h_ohlcv.csv"))
    days = resample(hours, Timeframe.parse("1d"))
    rule = read_rule_file(RULES / "bar_magnifier_tv.yaml")
    instrument = Instrument("BTCUSDT", Decimal("0.01"))
    result = backtest(rule, days, instrument, replace(COSTS, capital=10_000), warmup=0, finer=hours)
    expected = exported("bar_magnifier_tv")
    assert len(expected) == 56
    assert_equal(result.trades, expected, days)


def assert_equal(trades: Sequence[Trade], expected: Sequence[ExportedTrade], bars: Bars) -> None:
    """Compare one to one, in order of entry and exit; an open trade is valued at the last close by both."""
    assert len(trades) == len(expected)
    for trade, export in zip(sorted(trades, key=_order), sorted(expected, key=_exported_order), strict=True):
        assert (trade.exit_price is None) == export.is_open
        assert trade.side == export.side, export
        assert _bar(bars, trade.entry_time_ms) == export.entry_time_ms, export
        assert abs(trade.entry_price - float(export.entry_price)) < 1e-9, export
        assert trade.quantity == pytest.approx(float(export.quantity), rel=1e-12), export
        if trade.exit_time_ms is None or trade.exit_price is None:
            continue
        assert export.exit_price is not None
        assert _bar(bars, trade.exit_time_ms) == export.exit_time_ms, export
        assert abs(trade.exit_price - float(export.exit_price)) < 1e-9, export
        direction = 1 if trade.side == "long" else -1
        profit = direction * trade.quantity * (trade.exit_price - trade.entry_price) - trade.fees
        assert trade.profit == pytest.approx(profit, rel=1e-9, abs=1e-12)
        assert export.profit is not None
        assert export.percent is not None
        assert _same_digits(profit, export.profit), (profit, export)
        assert trade.percent is not None
        assert _same_digits(trade.percent, export.percent), (trade.percent, export)


def _order(trade: Trade) -> tuple[int, float]:
    return trade.entry_time_ms, trade.exit_time_ms or float("inf")


def _exported_order(trade: ExportedTrade) -> tuple[int, float]:
    return trade.entry_time_ms, float("inf") if trade.is_open else trade.exit_time_ms or 0


def _bar(bars: Bars, time_ms: int) -> int:
    """Give when the bar opened in which a finer candle lies."""
    return int(bars.time[np.searchsorted(bars.time, time_ms, side="right") - 1])


def _same_digits(actual: float, shown: Decimal) -> bool:
    """Compare to the digits shown. The export writes two decimals, and below 0.01 one digit that is not zero."""
    half = Decimal(5).scaleb(min(int(shown.as_tuple().exponent), -2) - 1)
    return abs(Decimal(repr(float(actual))) - shown) <= half + Decimal("1e-12")
