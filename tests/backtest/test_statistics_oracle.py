"""The numbers of the equity beside empyrical-reloaded's."""

from __future__ import annotations

import math
from functools import partial
from itertools import accumulate

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.statistics_equity import equity_statistics, months_of
from engine.market import Timeframe

RETURNS = st.one_of(st.floats(-0.2, 0.25), st.just(0.0))


@given(st.lists(RETURNS, min_size=2, max_size=400), st.sampled_from(["1h", "4h", "1d", "1w"]))
@settings(deadline=None)
def test_equity_is_empyricals(returns: list[float], length: str) -> None:
    """Drawdown, annual return, Sharpe, Sortino and Calmar are those of empyrical, for every timeframe.

    Its Sharpe ratio divides by the deviation of a sample (n - 1), ours by that of all (n).
    """
    timeframe = Timeframe.parse(length)
    equity = np.array(list(accumulate(returns, lambda value, change: value * (1 + change), initial=1000.0))[1:])
    stats = equity_statistics(equity, 1000.0, timeframe, ())
    series, year = np.array(returns), timeframe.bars_per_year
    near = partial(pytest.approx, rel=1e-6, abs=1e-9)
    assert stats.max_drawdown_percent == near(-100 * empyrical.max_drawdown(series))
    if (stats.annual_return_percent or 1e99) < 1e99:  # no number where so short a period grew
        assert stats.annual_return_percent == near(100 * empyrical.annual_return(series, annualization=year))
        if stats.max_drawdown_percent > 1e-6:
            assert stats.calmar == near(empyrical.calmar_ratio(series, annualization=year))
    if np.std(series) > 1e-6:
        sharpe = empyrical.sharpe_ratio(series, annualization=year) * math.sqrt(len(series) / (len(series) - 1))
        assert stats.sharpe == near(sharpe)
    if series.min() < -1e-6:
        assert stats.sortino == near(empyrical.sortino_ratio(series, annualization=year))


def test_monthly_ratios_are_empyricals() -> None:
    """TradingView's ratios are empyrical's of the months' returns, with 2 % a year for nothing, not annualised."""
    timeframe = Timeframe.parse("1d")
    time = np.arange(400, dtype=np.int64) * timeframe.length_ms
    equity = 1000.0 + 100 * np.sin(np.arange(400) / 17) + np.arange(400) / 9
    months = months_of(equity, time, 1000.0)
    stats = equity_statistics(equity, 1000.0, timeframe, months)
    returns = np.array([month.percent / 100 for month in months])
    free, count = 0.02 / 12, len(months)
    sharpe = empyrical.sharpe_ratio(returns, risk_free=free, annualization=1) * math.sqrt(count / (count - 1))
    assert count == 14
    assert stats.sharpe_monthly == pytest.approx(sharpe)
    downside = empyrical.downside_risk(returns, annualization=1)
    assert stats.sortino_monthly == pytest.approx((returns.mean() - free) / downside)
