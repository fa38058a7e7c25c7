"""Each statistic against its definition, written again in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import Statistics, backtest
from engine.backtest.statistics import statistics
from engine.backtest.statistics_trades import TradeStatistics
from engine.decisions import Costs, Move
from engine.market import Bars, Instrument, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule
from tests.backtest.made import Fill, round_trip, trades

HOUR, HOURLY = 3_600_000, Timeframe.parse("1h")
YEAR = 8766.0
CAPITAL = 1000.0
MONEY = st.floats(-300, 300).map(lambda x: round(x, 2))
compiled = settings(deadline=None)  # the first of all runs compiles


def bars_of(closes: Sequence[float], timeframe: Timeframe = HOURLY, start: int = 0) -> Bars:
    step = timeframe.length_ms
    return Bars.of(timeframe, [[start + i * step, c, c, c, c, 0] for i, c in enumerate(closes)])


def of(fills: list[Fill], equity: list[float], bars: Bars | None = None, refused: int = 0) -> Statistics:
    bars = bars or bars_of([1000.0] * len(equity))
    return statistics(trades(fills, bars), np.array(equity), bars.time, bars.close, CAPITAL, bars.timeframe, refused)


@st.composite
def round_trips(draw: st.DrawFn) -> list[tuple[int, int, str, float, float]]:
    """Give up to 20 trades one after the other: entry and exit bar, side, profit, fees."""
    found, at = [], 0
    for _ in range(draw(st.integers(0, 20))):
        leave = at + draw(st.integers(0, 9))
        side = draw(st.sampled_from(["long", "short"]))
        found.append((at, leave, side, draw(MONEY), draw(st.floats(0, 5))))
        at = leave + draw(st.integers(0, 2))
    return found


@given(round_trips(), st.booleans())
@compiled
def test_trades(made: list[tuple[int, int, str, float, float]], holds: bool) -> None:
    """Every number of all trades, and of the long and short ones, is what its definition says."""
    count = made[-1][1] + 5 if made else 5
    fills = [fill for each in made for fill in round_trip(*each)]
    if holds:
        fills += round_trip(count - 4, None, "long", 0.0, 0.5)
    end = CAPITAL + sum(profit for *_, profit, _ in made) - 0.5 * holds
    stats = of(fills, [CAPITAL] * (count - 1) + [end])
    assert stats.funding == 0
    for side, found in (("", stats), ("long", stats.long), ("short", stats.short)):
        mine = [each for each in made if side in ("", each[2])]
        open_fees = 0.5 if holds and side != "short" else 0.0
        check_trades(found, [t[3] for t in mine], [t[1] - t[0] for t in mine], [t[4] for t in mine], open_fees)
    held = {bar for enter, leave, *_ in made for bar in range(enter, leave)}
    assert stats.exposure_percent == pytest.approx(100 * (len(held) + 4 * holds) / count)


def check_trades(
    stats: TradeStatistics, profits: list[float], bars: list[int], fees: list[float], open_fees: float
) -> None:
    approx = pytest.approx
    percents = [100 * profit / (1000 + fee / 2) for profit, fee in zip(profits, fees, strict=True)]
    # The profit that comes out differs in the last bits; of 0, not even the sign is known.
    if any(abs(profit) < 1e-9 for profit in profits):
        return
    wins, losses = [p for p in profits if p > 0], [p for p in profits if p < 0]
    assert (stats.closed_trades, stats.open_trades) == (len(profits), 1 if open_fees else 0)
    assert (stats.winning_trades, stats.losing_trades) == (len(wins), len(losses))
    assert stats.net_profit == approx(sum(profits) - open_fees, abs=1e-6)
    assert stats.net_profit_percent == approx((sum(profits) - open_fees) / 10, abs=1e-6)
    assert (stats.gross_profit, stats.gross_loss) == approx((sum(wins), sum(losses)), abs=1e-6)
    assert (stats.gross_profit_percent, stats.gross_loss_percent) == approx(
        (sum(wins) / 10, sum(losses) / 10), abs=1e-6
    )
    assert stats.profit_factor == (approx(sum(wins) / -sum(losses), rel=1e-6, abs=1e-9) if losses else None)
    assert stats.fees == approx(sum(fees) + open_fees)
    assert stats.winning_percent == (approx(100 * len(wins) / len(profits)) if profits else None)
    for name, values in (("average_trade", profits), ("average_win", wins), ("average_loss", losses)):
        assert getattr(stats, name) == (approx(fmean(values), abs=1e-6) if values else None)
        sign = {"average_trade": profits, "average_win": wins, "average_loss": losses}[name]
        shares = [percent for percent, profit in zip(percents, profits, strict=True) if profit in sign]
        assert getattr(stats, f"{name}_percent") == (approx(fmean(shares), abs=1e-6) if shares else None)
        lengths = [length for length, profit in zip(bars, profits, strict=True) if profit in sign]
        assert getattr(stats, f"{name}_bars") == (approx(fmean(lengths)) if lengths else None)
    both = wins and losses
    assert stats.average_win_to_loss == (approx(fmean(wins) / -fmean(losses), rel=1e-6) if both else None)
    for name, values, most in (("largest_win", wins, max), ("largest_loss", losses, min)):
        assert getattr(stats, name) == (approx(most(values), abs=1e-6) if values else None)
        shares = [percent for percent, profit in zip(percents, profits, strict=True) if profit in values]
        assert getattr(stats, f"{name}_percent") == (approx(most(shares), abs=1e-6) if shares else None)
    runs = [(won, len(list(run))) for won, run in groupby(profits, key=lambda profit: profit > 0)]
    assert stats.longest_winning_run == max((length for won, length in runs if won), default=0)
    assert stats.longest_losing_run == max((length for won, length in runs if not won), default=0)
    assert stats.max_contracts == (1.0 if profits or open_fees else 0.0)


@given(
    st.lists(st.one_of(MONEY, st.just(0.0)), min_size=1, max_size=60),
    st.lists(st.floats(1, 1000), min_size=60, max_size=60),
)
@compiled
def test_equity(changes: list[float], closes: list[float]) -> None:
    """Every number of the equity at closes is what its definition says."""
    approx = pytest.approx
    equity = list(accumulate(changes, initial=CAPITAL))[1:]
    close = closes[: len(equity)]
    stats = of([], equity, bars_of(close), 3)
    assert (stats.bars, stats.capital, stats.refused_entries) == (len(equity), CAPITAL, 3)
    assert stats.total_profit == approx(equity[-1] - 1000, abs=1e-9)
    assert stats.total_profit_percent == approx((equity[-1] - 1000) / 10, abs=1e-9)
    assert stats.buy_and_hold_percent == approx((close[-1] - close[0]) / close[0] * 100, abs=1e-9)
    assert stats.buy_and_hold == approx((close[-1] - close[0]) / close[0] * 1000, abs=1e-6)

    curve = [CAPITAL, *equity]
    peaks, troughs = list(accumulate(curve, max)), list(accumulate(curve, min))
    falls = [peak - value for peak, value in zip(peaks, curve, strict=True)]
    rises = [value - trough for trough, value in zip(troughs, curve, strict=True)]
    assert (stats.max_drawdown, stats.max_run_up) == approx((max(falls), max(rises)), abs=1e-9)
    shares = [100 * fall / peak for fall, peak in zip(falls, peaks, strict=True)]
    assert stats.max_drawdown_percent == approx(max(shares), abs=1e-9)
    gains = [100 * rise / value for rise, value in zip(rises, curve, strict=True) if value > 0]
    assert stats.max_run_up_percent == approx(max(gains), abs=1e-9)
    under = [fall > 0 for fall in falls[1:]]
    assert stats.under_water_percent == approx(100 * sum(under) / len(under))
    assert stats.longest_under_water_bars == max((len(list(g)) for below, g in groupby(under) if below), default=0)

    if min(curve) <= 0:
        nothing = (stats.sharpe, stats.sortino, stats.calmar, stats.annual_return_percent, stats.sharpe_monthly)
        assert nothing == (None,) * 5
        return
    returns = [after / before - 1 for before, after in pairwise(curve)]
    below = math.sqrt(fmean(min(r, 0) ** 2 for r in returns))
    if pstdev(returns) > 1e-9:
        assert stats.sharpe == approx(fmean(returns) / pstdev(returns) * math.sqrt(YEAR), rel=1e-6, abs=1e-6)
    assert stats.sortino == (approx(fmean(returns) / below * math.sqrt(YEAR), rel=1e-6, abs=1e-6) if below else None)


def test_months() -> None:
    """Each calendar month is measured from the equity before it; TradingView's ratios are of the months' returns."""
    days = bars_of([100.0] * 90, Timeframe.parse("1d"), 1_704_067_200_000)  # 2024: 31, 29, 30 days
    equity = [1000.0] * 30 + [1100.0] * 29 + [1045.0] * 31
    stats = of([], equity, days)
    assert [(m.year, m.month) for m in stats.months] == [(2024, 1), (2024, 2), (2024, 3)]
    assert [m.profit for m in stats.months] == [100.0, -55.0, 0.0]
    returns = [0.1, -0.05, 0.0]
    assert [m.percent / 100 for m in stats.months] == pytest.approx(returns)
    free = 0.02 / 12
    assert stats.sharpe_monthly == pytest.approx((fmean(returns) - free) / pstdev(returns))
    assert stats.sortino_monthly == pytest.approx((fmean(returns) - free) / math.sqrt(0.05**2 / 3))


def test_a_month_without_bars_is_left_out() -> None:
    """Where no bar opened, there is no month."""
    days = bars_of([1.0] * 10, Timeframe.parse("1d"), 1_704_067_200_000)
    later = bars_of([1.0] * 10, Timeframe.parse("1d"), 1_711_929_600_000)
    stats = of([], [1000.0] * 10 + [1010.0] * 10, days.then(later))
    assert [(m.month, m.profit) for m in stats.months] == [(1, 0.0), (4, 10.0)]


def test_without_trades() -> None:
    """Without a trade, what has no meaning is None, and the rest is 0."""
    stats = of([], [CAPITAL] * 5)
    nothing = (stats.winning_percent, stats.profit_factor, stats.average_trade, stats.average_trade_bars)
    assert (*nothing, stats.largest_win, stats.largest_loss, stats.sharpe, stats.calmar) == (None,) * 8
    zero = (stats.net_profit, stats.fees, stats.max_drawdown, stats.max_drawdown_percent, stats.exposure_percent)
    assert zero == (0.0,) * 5
    assert all(isinstance(value, float) for value in zero)


def test_the_total_is_the_net_and_the_open_profit() -> None:
    """Total profit is what closed trades made, less the entry fees of open ones, and the value of those."""
    bars = bars_of([1000.0, 1010.0, 1020.0, 1030.0])
    fills = [*round_trip(0, 1, "long", 9.0, 1.0), (2, Move.OPEN_SHORT, 1020.0, 2.0, 0.5)]
    stats = of(fills, [1000.0, 1009.0, 1008.5, 988.5], bars)
    assert (stats.net_profit, stats.open_profit, stats.total_profit) == (8.5, -20.0, -11.5)
    assert stats.exposure_percent == 75


def test_what_trades_do_not_explain_is_funding() -> None:
    """Equity that neither closed trades nor the open position account for is what funding paid."""
    stats = of(round_trip(0, 1, "long", 9.0, 1.0), [1000.0, 1008.75, 1008.75])
    assert (stats.funding, stats.net_profit, stats.long.net_profit) == (-0.25, 8.75, 9.0)


@pytest.mark.parametrize("side", ["long", "short"])
def test_equity_inside_bars(side: str) -> None:
    """A fall counts from the highest equity without open profit, a rise from the lowest at an entry; along the path."""
    # 100 → 90 → 120 → 110, then 110 → 130 → 105 → 108: the nearer of high and low comes first.
    bars = Bars.of(
        HOURLY, [[0, 100, 120, 90, 110, 0], [HOUR, 110, 130, 105, 108, 0], [2 * HOUR, 108, 108, 108, 108, 0]]
    )
    opens, closes = (Move.OPEN_LONG, Move.CLOSE_LONG) if side == "long" else (Move.OPEN_SHORT, Move.CLOSE_SHORT)
    stats = of([(0, opens, 100.0, 1.0, 2.0), (2, closes, 108.0, 1.0, 1.0)], [1000.0, 1000.0, 1000.0], bars)
    fall, rise = (12.0, 30.0) if side == "long" else (32.0, 10.0)
    assert (stats.max_drawdown_intrabar, stats.max_run_up_intrabar) == (fall, rise)
    assert stats.max_drawdown_intrabar_percent == pytest.approx(fall / 10)
    assert stats.max_run_up_intrabar_percent == pytest.approx(100 * rise / (998 + rise))


def test_pyramids_are_marked_together() -> None:
    """Two entries and a partial close are one position: its worst mark is of all that is held."""
    bars = Bars.of(HOURLY, [[i * HOUR, 100, 100, low, 100, 0] for i, low in enumerate([100, 95, 90, 80])])
    fills = [
        (0, Move.OPEN_LONG, 100.0, 1.0, 0.0),
        (1, Move.OPEN_LONG, 100.0, 2.0, 0.0),
        (3, Move.CLOSE_LONG, 100.0, 2.5, 0.0),
    ]
    stats = of(fills, [1000.0] * 4, bars)
    assert stats.max_drawdown_intrabar == 30  # 3 at 90; at 80 there is half a contract left: 10
    assert stats.max_contracts == 3


def test_all_losing_and_all_winning() -> None:
    """With losses only, the profit factor is 0 and there is no largest win; without losses there is none."""
    stats = of([*round_trip(0, 1, "long", -10), *round_trip(1, 2, "short", -20)], [990.0, 970.0, 970.0])
    assert (stats.winning_percent, stats.profit_factor, stats.largest_win, stats.largest_loss) == (0, 0, None, -20)
    stats = of([*round_trip(0, 1, "long", 10), *round_trip(1, 2, "short", 0)], [1010.0, 1010.0, 1010.0])
    assert (stats.winning_percent, stats.profit_factor, stats.largest_loss) == (50, None, None)


def test_one_bar() -> None:
    """One bar has a profit but no deviation."""
    stats = of([], [1100.0])
    assert stats.total_profit_percent == pytest.approx(10)
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
    bars = sample_bars("BTC/USDT:USDT", HOURLY, SAMPLE_START_MS, 300)
    result = backtest(read_rule(text, "rule"), bars, sample_instrument("BTC/USDT:USDT"), Costs(commission_percent=0))
    held = 0
    for i in range(len(bars)):
        now = int(bars.time[i])
        held += any(t.entry_time_ms <= now and (t.exit_time_ms is None or t.exit_time_ms > now) for t in result.trades)
    assert 0 < held < len(bars)
    assert result.stats.exposure_percent == pytest.approx(100 * held / len(bars))


def test_profits_of_trades_and_the_open_position_are_the_total() -> None:
    """Closed trades' profits, the open trade's fee and its value at the last close add up to the total profit."""
    rule = read_rule(
        "{name: in-and-out, market: futures, timeframe: 1h, long: {enter: close > open, exit: close < open}, "
        "order: {size: {percent: 50}}}",
        "rule",
    )
    for count in range(100, 130):
        bars = sample_bars("BTC/USDT:USDT", HOURLY, SAMPLE_START_MS, count)
        result = backtest(rule, bars, Instrument("BTC/USDT:USDT"), Costs(commission_percent=0.1))
        total = 0.0
        for t in result.trades:
            open_profit = t.quantity * (float(bars.close[-1]) - t.entry_price) - t.fees
            total += open_profit if t.profit is None else t.profit
        stats = result.stats
        assert stats.total_profit == pytest.approx(total)
        assert stats.net_profit + stats.open_profit == pytest.approx(total)


def test_every_number_has_a_name() -> None:
    """All numbers are given flat, those of each side with its name before them; nothing else is among them."""
    numbers = of(round_trip(0, 1, "short", 5.0), [1000.0, 1005.0]).numbers()
    assert numbers["short_closed_trades"] == numbers["closed_trades"] == 1
    assert numbers["long_closed_trades"] == 0
    assert all(value is None or isinstance(value, int | float) for value in numbers.values())


def test_every_number_is_explained() -> None:
    """docs/statistics.md says of every number what it is."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "statistics.md").read_text()
    names = [name for name in of([], [1.0]).numbers() if not name.startswith(("long_", "short_"))]
    assert [name for name in names if f"`{name}`" not in text] == []
