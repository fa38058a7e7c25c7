"""What a backtest comes to, in numbers. Definitions stand with each field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.backtest.trades import Trade
from engine.market.bars import Column


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers over the traded period. Money is in quote currency; None where a number has no meaning (no trades)."""

    bars: int  # bars on which trading was possible
    capital: float  # equity at the start
    net_profit: float  # equity at the end, open position at its close, less the capital
    net_profit_percent: float  # of the capital
    buy_and_hold_percent: float  # change of the close over the same bars
    closed_trades: int
    winning_percent: float | None  # closed trades with a profit above 0 after fees
    profit_factor: float | None  # sum of profits / sum of losses of closed trades; None without losses
    average_trade: float | None  # mean profit of closed trades
    average_trade_bars: float | None
    largest_win: float | None
    largest_loss: float | None
    fees: float
    max_drawdown: float  # greatest fall of the equity at closes from its highest before
    max_drawdown_percent: float  # the same as a share of that highest, at its worst
    exposure_percent: float  # bars at whose close there was a position
    sharpe: float | None  # mean / deviation of the equity's relative changes a bar, times the root of bars a year
    refused_entries: int  # entries whose level or size was not valid


def statistics(
    trades: Sequence[Trade], equity: Column, close: Column, capital: float, bars_per_year: float, refused: int
) -> Statistics:
    """Compute them. `equity` and `close` are over the traded bars, of one length, at least 1."""
    profits = np.array([trade.profit for trade in trades if trade.profit is not None], dtype=np.float64)
    wins, losses = profits[profits > 0], profits[profits < 0]
    curve = np.concatenate([[capital], equity])
    peak = np.maximum.accumulate(curve)
    changes = np.diff(curve) / curve[:-1] if np.all(curve > 0) else np.empty(0)
    deviation = float(np.std(changes)) if len(changes) else 0.0
    net = float(curve[-1] - capital)
    closed = [trade for trade in trades if trade.profit is not None]
    held = sum(trade.bars for trade in trades) + len(trades) - len(closed)  # an open one is held at the last close too
    return Statistics(
        bars=len(equity),
        capital=capital,
        net_profit=net,
        net_profit_percent=100 * net / capital,
        buy_and_hold_percent=100 * (float(close[-1]) / float(close[0]) - 1),
        closed_trades=len(profits),
        winning_percent=100 * len(wins) / len(profits) if len(profits) else None,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        average_trade=float(profits.mean()) if len(profits) else None,
        average_trade_bars=float(np.mean([trade.bars for trade in closed])) if closed else None,
        largest_win=float(wins.max()) if len(wins) else None,
        largest_loss=float(losses.min()) if len(losses) else None,
        fees=math.fsum(trade.fees for trade in trades),
        max_drawdown=float((peak - curve).max()),
        max_drawdown_percent=float(100 * ((peak - curve) / peak).max()),
        exposure_percent=100 * held / len(equity),
        sharpe=float(changes.mean()) / deviation * math.sqrt(bars_per_year) if deviation > 0 else None,
        refused_entries=refused,
    )
