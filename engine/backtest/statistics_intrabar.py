"""How far the equity went up and down inside bars: the Strategy Tester's max equity run-up and max equity drawdown.

TradingView measures a fall from the highest equity without open profit, and a rise from the lowest equity at an entry;
the other end is the equity at the best or the worst price while a position was open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.excursions import Path, Slippage, closed_at, stretch, unslipped
from engine.backtest.trades import Trades
from engine.decisions.state import Records
from engine.indicators.kernel import kernel


@dataclass(frozen=True, kw_only=True)
class IntrabarStatistics:
    """Money in quote currency; shares are of the upper end. None of a portfolio."""

    max_drawdown_intrabar: float | None
    max_drawdown_intrabar_percent: float | None
    max_run_up_intrabar: float | None
    max_run_up_intrabar_percent: float | None


NO_INTRABAR: dict[str, None] = dict.fromkeys(IntrabarStatistics.__annotations__)


def intrabar_statistics(trades: Trades, capital: float) -> IntrabarStatistics:
    """Compute them from the fills and the candles in which they filled."""
    bars = trades.path
    path = Path(bars.open, bars.high, bars.low, bars.close)
    fall, fall_share, rise, rise_share = _marks(trades.fills, trades.rows, path, trades.slippage, capital)
    return IntrabarStatistics(
        max_drawdown_intrabar=fall,
        max_drawdown_intrabar_percent=100 * fall_share,
        max_run_up_intrabar=rise,
        max_run_up_intrabar_percent=100 * rise_share,
    )


@kernel
def _marks(
    fills: Records, at: NDArray[np.int64], path: Path, slippage: Slippage, capital: float
) -> tuple[float, float, float, float]:
    """Walk the fills; between two, the extremes of the path are the best and the worst mark of what is held."""
    opens, highs, lows, closes = path
    cash = highest = lowest = capital  # without open profit
    held = cost = 0.0  # signed amount, and what was paid for it
    start = np.nan  # the price on the path at which the fill before was
    ended = False  # whether that was the close
    extremes = np.zeros(4)
    for k in range(len(fills) + 1):
        row = at[k] if k < len(fills) else len(opens)
        price, closing = np.nan, False
        if k < len(fills):
            fill = fills[k]
            buys = 1 if fill.move in (1, 4) else -1
            price = unslipped(fill.price, opens[row], buys, slippage.distance, slippage.share, highs[row], lows[row])
            closing = slippage.at_close and closed_at(fill.price, closes[row], buys, slippage.distance, slippage.share)
            price = np.nan if closing else price
        if held != 0.0:
            first = at[k - 1]
            bottom, top = stretch(
                opens[first],
                highs[first],
                lows[first],
                closes[first],
                start,
                price if first == row else np.nan,
                slippage.floats,
            )
            if ended:
                bottom = top = closes[first]
            for i in range(first + 1, row):
                bottom, top = min(bottom, lows[i]), max(top, highs[i])
            if first < row < len(opens):
                low, high = stretch(opens[row], highs[row], lows[row], closes[row], opens[row], price, slippage.floats)
                bottom, top = min(bottom, low), max(top, high)
            worst = cash + held * (bottom if held > 0 else top) - cost
            best = cash + held * (top if held > 0 else bottom) - cost
            _widen(extremes, highest, worst, lowest, best)
        if k == len(fills):
            break
        fill = fills[k]
        start, ended = price, closing
        amount = buys * fill.quantity
        cash -= fill.fee
        if fill.move in (1, 3):
            lowest = min(lowest, cash + max(0.0, held * fill.price - cost))
            held += amount
            cost += amount * fill.price
        else:
            average = cost / held if held != 0.0 else fill.price
            cash += -amount * (fill.price - average)
            cost += amount * average
            held += amount
            if abs(held) <= 1e-9 * fill.quantity:
                held = cost = 0.0
        highest = max(highest, cash)
        _widen(extremes, highest, cash, lowest, cash)
    return extremes[0], extremes[1], extremes[2], extremes[3]


@kernel
def _widen(extremes: NDArray[np.float64], highest: float, worst: float, lowest: float, best: float) -> None:
    """Keep the greatest fall and rise, and each as a share of its upper end."""
    fall, rise = highest - worst, best - lowest
    extremes[0] = max(extremes[0], fall)
    extremes[2] = max(extremes[2], rise)
    if highest > 0.0:
        extremes[1] = max(extremes[1], fall / highest)
    if best > 0.0:
        extremes[3] = max(extremes[3], rise / best)
