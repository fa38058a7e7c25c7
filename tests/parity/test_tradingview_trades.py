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
from engine.backtest import Trade, backtest
from engine.decisions import Costs
from engine.market import Bars, Instrument, Timeframe
from engine.market.resample import resample
from engine.rules import read_rule_file
from tests.parity.tradingview_export import ExportedTrade, read_trades
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
    """Compare one to one; an open trade is valued at the last close, as the export does it."""
    assert len(trades) == len(expected)
    last_ms, last_close = int(bars.time[-1]), float(bars.close[-1])
    for trade, export in zip(trades, expected, strict=True):
        direction = 1 if trade.side == "long" else -1
        exit_price = last_close if trade.exit_price is None else trade.exit_price
        profit = direction * trade.quantity * (exit_price - trade.entry_price) - trade.fees
        assert trade.profit is None or trade.profit == pytest.approx(profit, rel=1e-9, abs=1e-12)
        assert (trade.exit_price is None) == export.is_open
        assert trade.side == export.side, export
        assert _bar(bars, trade.entry_time_ms) == export.entry_time_ms, export
        assert _bar(bars, trade.exit_time_ms or last_ms) == export.exit_time_ms or export.is_open, export
        assert abs(trade.entry_price - float(export.entry_price)) < 1e-9, export
        assert abs(exit_price - float(export.exit_price)) < 1e-9, export
        assert trade.quantity == pytest.approx(float(export.quantity), rel=1e-12), export
        assert _same_digits(profit, export.profit), (profit, export)
        percent = 100 * profit / (trade.quantity * trade.entry_price)
        assert trade.percent is None or trade.percent == pytest.approx(percent, rel=1e-9, abs=1e-12)
        assert _same_digits(percent, export.percent), (percent, export)


def _bar(bars: Bars, time_ms: int) -> int:
    """Give when the bar opened in which a finer candle lies."""
    return int(bars.time[np.searchsorted(bars.time, time_ms, side="right") - 1])


def _same_digits(actual: float, shown: Decimal) -> bool:
    """Compare to the digits shown. The export writes two decimals, and below 0.01 one digit that is not zero."""
    half = Decimal(5).scaleb(min(int(shown.as_tuple().exponent), -2) - 1)
    return abs(Decimal(repr(float(actual))) - shown) <= half + Decimal("1e-12")
