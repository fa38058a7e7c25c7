"""Each statistic against its definition, written again in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest import Statistics, Trade, backtest
from engine.backtest.statistics import statistics
from engine.decisions import Costs
from engine.market import Instrument, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule

YEAR = 8766.0
CAPITAL = 1000.0
MONEY = st.floats(-300, 300).map(lambda x: round(x, 2))
TRADE = Trade("long", 0, 100.0, 1.0, 0, 101.0, "exit", 0.0, 0.0, 0.0, 0)


def trade(profit: float | None, fees: float = 0.0, bars: int = 0) -> Trade:
    return replace(TRADE, profit=profit, fees=fees, bars=bars)


def of(trades: list[Trade], equity: list[float], close: list[float] | None = None) -> Statistics:
    closes = close or [100.0] * len(equity)
    return statistics(trades, np.array(equity), np.array(closes), CAPITAL, YEAR, 3)


@given(
    st.lists(st.builds(trade, MONEY, st.floats(0, 5), st.integers(0, 9)), max_size=20),
    st.lists(MONEY, min_size=1, max_size=60),
    st.lists(st.floats(1, 1000), min_size=60, max_size=60),
    st.booleans(),
)
def test_definitions(trades: list[Trade], changes: list[float], closes: list[float], holds: bool) -> None:
    """Every statistic is what its definition says."""
    equity = list(accumulate(changes, initial=CAPITAL))[1:]
    close = closes[: len(equity)]
    everything = [*trades, trade(None, 0.5, 2)] if holds else trades
    stats = of(everything, equity, close)
    profits = [t.profit for t in trades if t.profit is not None]
    wins, losses = [p for p in profits if p > 0], [p for p in profits if p < 0]

    assert (stats.bars, stats.capital, stats.refused_entries) == (len(equity), CAPITAL, 3)
    assert stats.net_profit == pytest.approx(equity[-1] - 1000, abs=1e-9)
    assert stats.net_profit_percent == pytest.approx((equity[-1] - 1000) / 10, abs=1e-9)
    assert stats.buy_and_hold_percent == pytest.approx((close[-1] - close[0]) / close[0] * 100, abs=1e-9)
    assert stats.closed_trades == len(profits)
    assert stats.winning_percent == (pytest.approx(100 * len(wins) / len(profits)) if profits else None)
    assert stats.profit_factor == (pytest.approx(sum(wins) / abs(sum(losses))) if losses else None)
    assert stats.average_trade == (pytest.approx(fmean(profits), abs=1e-9) if profits else None)
    assert stats.average_trade_bars == (pytest.approx(fmean(t.bars for t in trades)) if trades else None)
    assert (stats.largest_win, stats.largest_loss) == (max(wins, default=None), min(losses, default=None))
    assert stats.fees == pytest.approx(sum(t.fees for t in everything))
    held = sum(t.bars for t in trades) + (3 if holds else 0)
    assert stats.exposure_percent == pytest.approx(100 * held / len(equity))

    curve = [CAPITAL, *equity]
    peaks = list(accumulate(curve, max))
    falls = [peak - value for peak, value in zip(peaks, curve, strict=True)]
    assert stats.max_drawdown == pytest.approx(max(falls), abs=1e-9)
    shares = [fall / peak for fall, peak in zip(falls, peaks, strict=True)]
    assert stats.max_drawdown_percent == pytest.approx(100 * max(shares), abs=1e-9)

    if min(curve) <= 0:
        assert stats.sharpe is None
    else:
        returns = [after / before - 1 for before, after in pairwise(curve)]
        if pstdev(returns) > 1e-9:
            assert stats.sharpe == pytest.approx(fmean(returns) / pstdev(returns) * math.sqrt(YEAR), rel=1e-6, abs=1e-6)


def test_without_trades() -> None:
    """Without a trade, what has no meaning is None, and the rest is 0."""
    stats = of([], [CAPITAL] * 5)
    nothing = (stats.winning_percent, stats.profit_factor, stats.average_trade, stats.average_trade_bars)
    assert (*nothing, stats.largest_win, stats.largest_loss, stats.sharpe) == (None,) * 7
    zero = (stats.net_profit, stats.fees, stats.max_drawdown, stats.max_drawdown_percent, stats.exposure_percent)
    assert zero == (0.0,) * 5
    assert all(isinstance(value, float) for value in zero)


def test_all_losing() -> None:
    """With losses only, the profit factor is 0 and there is no largest win."""
    stats = of([trade(-10), trade(-20)], [990.0, 970.0])
    assert (stats.winning_percent, stats.profit_factor, stats.largest_win, stats.largest_loss) == (0, 0, None, -20)
    assert stats.sharpe is not None
    assert stats.sharpe < 0


def test_all_winning() -> None:
    """Without losses there is no profit factor."""
    stats = of([trade(10), trade(0)], [1010.0])
    assert (stats.winning_percent, stats.profit_factor, stats.largest_loss) == (50, None, None)


def test_one_bar() -> None:
    """One bar has a profit but no deviation."""
    stats = of([], [1100.0])
    assert stats.net_profit_percent == pytest.approx(10)
    assert (stats.buy_and_hold_percent, stats.sharpe) == (0, None)


def test_a_fall_from_the_capital_counts() -> None:
    """A drawdown is measured from the capital too, not only from highs that came later."""
    stats = of([], [900.0, 950.0])
    assert stats.max_drawdown == 100
    assert stats.max_drawdown_percent == pytest.approx(10)


def test_equity_that_is_gone_has_no_sharpe() -> None:
    """Where the equity was 0 or less, changes relative to it mean nothing; the drawdown goes beyond 100 %."""
    stats = of([], [-500.0, 200.0])
    assert stats.sharpe is None
    assert stats.max_drawdown_percent == pytest.approx(150)


@pytest.mark.parametrize("exits", ["exit: close < open", "enter_only"])
def test_exposure_counts_the_bars_held(exits: str) -> None:
    """Exposure is the share of bars at whose close there was a position, the last one included."""
    text = f"""
name: counted
market: futures
timeframe: 1h
long:
  enter: close > open
{"" if exits == "enter_only" else "  " + exits}
take_profit: {{percent: 0.3}}
stop_loss: {{percent: 0.3}}
order: {{type: market, size: {{fixed: 0.01}}}}
"""
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 300)
    result = backtest(read_rule(text, "rule"), bars, sample_instrument("BTC/USDT:USDT"), Costs(commission_percent=0))
    held = 0
    for i in range(len(bars)):
        now = int(bars.time[i])
        held += any(t.entry_time_ms <= now and (t.exit_time_ms is None or t.exit_time_ms > now) for t in result.trades)
    assert 0 < held < len(bars)
    assert result.stats.exposure_percent == pytest.approx(100 * held / len(bars))


def test_profits_of_trades_and_the_open_position_are_the_net_profit() -> None:
    """Closed trades' profits, the open trade's fee and its value at the last close add up to the net profit."""
    rule = read_rule(
        "{name: in-and-out, market: futures, timeframe: 1h, long: {enter: close > open, exit: close < open}, "
        "order: {size: {percent: 50}}}",
        "rule",
    )
    for count in range(100, 130):
        bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, count)
        result = backtest(rule, bars, Instrument("BTC/USDT:USDT"), Costs(commission_percent=0.1))
        total = 0.0
        for t in result.trades:
            open_profit = t.quantity * (float(bars.close[-1]) - t.entry_price) - t.fees
            total += open_profit if t.profit is None else t.profit
        assert result.stats.net_profit == pytest.approx(total)
