"""The machine against TradingView's own lists of trades: all of them, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.csv_files import read_csv
from engine.backtest import Trade, backtest
from engine.backtest.trades import trades_of
from engine.decisions import Columns, Costs, Settings, advance, new_state, room
from engine.market import Bars, Instrument
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


@pytest.mark.parametrize(("name", "lot", "count"), [("macd", "0", 1808), ("supertrend", "0.1", 602)])
def test_strategies(name: str, lot: str, count: int) -> None:
    """Every trade of the export comes out: side, times, prices to the tick, quantity, profit to its digits."""
    expected = exported(name)
    instrument = Instrument("EURUSD", TICK, Decimal(lot))
    result = backtest(read_rule_file(RULES / f"{name}.yaml"), eurusd(), instrument, Costs(1_000_000, 0, 0), warmup=0)
    assert len(expected) == count
    assert_equal(result.trades, expected)
    assert result.stats.closed_trades == count - 1


def test_slippage_and_commission() -> None:
    """Market orders with 10 ticks of slippage and 0.1 % commission fill and cost what TradingView says."""
    bars = eurusd()
    truths = np.zeros((4, len(bars)), dtype=np.int8)
    truths[[0, 1, 2, 3], [10, 20, 40, 50]] = 2
    na = np.full(len(bars), np.nan)
    long_enter, long_exit, short_enter, short_exit = truths
    columns = Columns(
        bars.time, bars.open, bars.high, bars.low, bars.close,
        long_enter, long_exit, short_enter, short_exit, na, na, na, na, np.ones(len(bars)),
    )  # fmt: skip
    settings = Settings(tick=float(TICK), commission=0.001, slippage=10 * float(TICK), size_in_percent=False)
    fills, decisions, equity = room(100)[0], room(100)[1], np.empty(len(bars))
    _, filled, _ = advance(new_state(10_000.0), settings, columns, 0, 100, fills, decisions, equity)
    assert_equal(trades_of(fills[:filled], bars), exported("slippage_basic"))


def assert_equal(trades: Sequence[Trade], expected: Sequence[ExportedTrade]) -> None:
    """Compare one to one; an open trade is valued at the last close, as the export does it."""
    assert len(trades) == len(expected)
    last_ms, last_close = int(eurusd().time[-1]), float(eurusd().close[-1])
    for trade, export in zip(trades, expected, strict=True):
        direction = 1 if trade.side == "long" else -1
        exit_price = last_close if trade.exit_price is None else trade.exit_price
        profit = direction * trade.quantity * (exit_price - trade.entry_price) - trade.fees
        assert trade.profit is None or trade.profit == pytest.approx(profit, rel=1e-9, abs=1e-12)
        assert (trade.exit_price is None) == export.is_open
        assert trade.side == export.side, export
        assert trade.entry_time_ms == export.entry_time_ms, export
        assert (trade.exit_time_ms or last_ms) == export.exit_time_ms, export
        assert abs(trade.entry_price - float(export.entry_price)) < 1e-9, export
        assert abs(exit_price - float(export.exit_price)) < 1e-9, export
        assert trade.quantity == pytest.approx(float(export.quantity), rel=1e-12), export
        assert _same_digits(profit, export.profit), (profit, export)
        entry_fee = trade.fees if trade.exit_price is None else trade.fees / (1 + exit_price / trade.entry_price)
        percent = 100 * profit / (trade.quantity * trade.entry_price + entry_fee)
        assert trade.percent is None or trade.percent == pytest.approx(percent, rel=1e-9, abs=1e-12)
        assert _same_digits(percent, export.percent), (percent, export)


def _same_digits(actual: float, shown: Decimal) -> bool:
    """Compare to the digits shown. The export writes two decimals, and below 0.01 one digit that is not zero."""
    half = Decimal(5).scaleb(min(int(shown.as_tuple().exponent), -2) - 1)
    return abs(Decimal(repr(float(actual))) - shown) <= half + Decimal("1e-12")
