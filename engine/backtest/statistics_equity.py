"""What the equity, bar by bar, comes to: drawdowns, run-ups, ratios of return to risk, months."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.indicators.kernel import kernel
from engine.market import Timeframe
from engine.market.bars import Column

_RISK_FREE = 0.02 / 12  # a month: TradingView's default of 2 % a year
_NOISE = 1e-12  # a variance of this share of the mean's square is rounding


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month (UTC), or the part of it that was traded. `percent` is of the equity at its start."""

    year: int
    month: int
    profit: float
    percent: float


@dataclass(frozen=True, kw_only=True)
class EquityStatistics:
    """Numbers of the equity at the closes of bars; docs/statistics.md has each definition.

    None where a number has no meaning: the equity was gone, never moved, or there is too little of it.
    """

    max_drawdown: float  # "close-to-close": greatest fall from the highest before
    max_drawdown_percent: float  # the greatest as a share of that highest
    max_run_up: float  # greatest rise from the lowest before
    max_run_up_percent: float  # the greatest as a share of the top that it rose to
    annual_return_percent: float | None  # compounded
    sharpe: float | None  # of the bars' returns, annualised
    sortino: float | None
    calmar: float | None  # annual return / greatest drawdown
    sharpe_monthly: float | None  # TradingView's "Sharpe ratio"
    sortino_monthly: float | None  # TradingView's "Sortino ratio"
    under_water_percent: float  # bars below an earlier high
    longest_under_water_bars: int


def equity_statistics(
    equity: Column, capital: float, timeframe: Timeframe, months: tuple[Month, ...]
) -> EquityStatistics:
    """Compute them. `equity` is of at least one bar; `months` are its months."""
    lowest, fall, fall_share, rise, rise_share, under, longest, total, squares, below = _walk(equity, capital)
    drawdown_percent = 100 * float(fall_share)
    count, year = len(equity), timeframe.bars_per_year
    sharpe = sortino = annual = None
    monthly: tuple[float | None, float | None] = (None, None)
    if lowest > 0:
        sharpe, sortino = _ratios(count, total, squares, below, 0.0, math.sqrt(year))
        annual = _percent_a_year(float(equity[-1]) / capital, count / year)
        if len(months) > 1:
            returns = [month.percent / 100 for month in months]
            squares, below = (math.fsum(r * r for r in some) for some in (returns, [r for r in returns if r < 0]))
            monthly = _ratios(len(returns), math.fsum(returns), squares, below, _RISK_FREE, 1.0)
    return EquityStatistics(
        max_drawdown=float(fall),
        max_drawdown_percent=drawdown_percent,
        max_run_up=float(rise),
        max_run_up_percent=100 * float(rise_share),
        annual_return_percent=annual,
        sharpe=sharpe,
        sortino=sortino,
        calmar=None if annual is None or not drawdown_percent else annual / drawdown_percent,
        sharpe_monthly=monthly[0],
        sortino_monthly=monthly[1],
        under_water_percent=100 * under / count,
        longest_under_water_bars=longest,
    )


def months_of(equity: Column, time: NDArray[np.int64], capital: float) -> tuple[Month, ...]:
    """Give each calendar month in which a bar opened. `time` is their open times, ms UTC."""
    first, last = (datetime.fromtimestamp(int(at) / 1000, UTC) for at in (time[0], time[-1]))
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = [int(datetime((n + 1) // 12, (n + 1) % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000) for n in numbers]
    found, before, begin = [], capital, 0
    for number, end in zip(numbers, np.searchsorted(time, starts).tolist(), strict=True):
        if end > begin:
            after = float(equity[end - 1])
            found.append(
                Month(number // 12, number % 12 + 1, after - before, 100 * (after / before - 1) if before else math.nan)
            )
            before, begin = after, end
    return tuple(found)


def _ratios(
    count: int, total: float, squares: float, squares_below: float, free: float, scale: float
) -> tuple[float | None, float | None]:
    """Give mean / deviation, and mean / deviation below 0, of returns over `free`, times `scale`, from their sums."""
    mean = total / count
    variance = squares / count - mean * mean
    if variance <= _NOISE * mean * mean:
        variance = 0.0
    gain = (mean - free) * scale
    return (
        gain / math.sqrt(variance) if variance > 0 else None,
        gain / math.sqrt(squares_below / count) if squares_below > 0 else None,
    )


def _percent_a_year(growth: float, years: float) -> float | None:
    try:
        return 100 * (math.pow(growth, 1 / years) - 1)
    except OverflowError:
        return None


@kernel
def _walk(equity: Column, capital: float) -> tuple[float, float, float, float, float, int, int, float, float, float]:
    """Give what one pass over the equity finds.

    The lowest equity; the greatest fall and rise, each also as a share of its upper end (compared without dividing);
    the bars below an earlier high, and the most of those in a row; the sums of the bars' returns, of their squares, and
    of the squares of those below 0.
    """
    lowest = highest = trough = before = capital
    fall = fall_share = rise = rise_share = total = squares = squares_below = 0.0
    under = longest = since = 0
    for i in range(len(equity)):
        value = equity[i]
        if value == before:  # nothing was held: only time has gone by
            if value < highest:
                under += 1
                since += 1
                longest = max(longest, since)
            continue
        change = value / before - 1.0
        before = value
        total += change
        squares += change * change
        if change < 0.0:
            squares_below += change * change
        lowest = min(lowest, value)
        if value >= highest:
            highest, since = value, 0
        else:
            under += 1
            since += 1
            longest = max(longest, since)
            down = highest - value
            fall = max(fall, down)
            if down > fall_share * highest:
                fall_share = down / highest
        if value <= trough:
            trough = value
        else:
            up = value - trough
            rise = max(rise, up)
            if up > rise_share * value and value > 0.0:
                rise_share = up / value
    return lowest, fall, fall_share, rise, rise_share, under, longest, total, squares, squares_below
