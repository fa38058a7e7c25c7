"""What a backtest comes to, in numbers: the Strategy Tester's and more. docs/statistics.md has every definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.statistics_equity import EquityStatistics, Month, equity_statistics, months_of
from engine.backtest.statistics_intrabar import IntrabarStatistics, intrabar_statistics
from engine.backtest.statistics_trades import TradeStatistics, trade_statistics
from engine.backtest.trades import Trades
from engine.decisions import Reason
from engine.decisions.state import Records
from engine.indicators.kernel import kernel
from engine.market import Timeframe
from engine.market.bars import Column

Number = int | float | None
_NOISE = 1e-9  # share of the capital below which a difference is rounding
_MARGIN_CALLS = [int(Reason.MARGIN_CALL), int(Reason.LIQUIDATION)]


@dataclass(frozen=True, kw_only=True)
class Statistics(IntrabarStatistics, EquityStatistics, TradeStatistics):
    """Numbers over the traded period. Money is in quote currency; None where a number has no meaning (no trades)."""

    bars: int  # bars on which trading was possible
    capital: float  # equity at the start
    total_profit: float  # equity at the end, open positions at the last close, less the capital
    total_profit_percent: float  # of the capital
    funding: float  # received, less what was paid
    open_profit: float  # "open P&L": of open positions at the last close, before fees
    open_profit_percent: float  # of the capital
    buy_and_hold: float  # what the capital would have gained in the asset over the same closes
    buy_and_hold_percent: float
    exposure_percent: float  # bars at whose close there was a position
    margin_calls: int
    refused_entries: int  # entries whose price, level or size was not valid
    long: TradeStatistics
    short: TradeStatistics
    months: tuple[Month, ...]

    def numbers(self) -> dict[str, Number]:
        """Give every number by its name; those of one side as `long_...` and `short_...`."""
        flat: dict[str, Number] = {name: getattr(self, name) for name in _OWN}
        for side in ("long", "short"):
            flat |= {f"{side}_{name}": value for name, value in asdict(getattr(self, side)).items()}
        return flat


_OWN = [
    name
    for part in (TradeStatistics, EquityStatistics, IntrabarStatistics, Statistics)
    for name in part.__annotations__
    if name not in ("long", "short", "months")
]
NAMES = (*_OWN, *(f"{side}_{name}" for side in ("long", "short") for name in TradeStatistics.__annotations__))
"""Of every number."""


def statistics(
    trades: Trades,
    equity: Column,
    time: NDArray[np.int64],
    close: Column,
    capital: float,
    timeframe: Timeframe,
    refused: int = 0,
) -> Statistics:
    """Compute them. `equity`, `time` and `close` are of the traded bars, of one length, at least 1."""
    months = months_of(equity, time, capital)
    return finished(
        trade_statistics(trades.table, len(trades.closed), trades.fills, capital),
        {**vars(equity_statistics(equity, capital, timeframe, months)), **vars(intrabar_statistics(trades, capital))},
        months,
        equity,
        capital,
        open_profit=open_profit_of(trades, float(close[-1])),
        growth=float(close[-1]) / float(close[0]) - 1,
        bars_held=_bars_held(trades.table, len(trades.closed)),
        margin_calls=int(np.isin(trades.fills["reason"], _MARGIN_CALLS).sum()),
        refused=refused,
    )


def open_profit_of(trades: Trades, price: float) -> float:
    """Give what the open positions have gained at a price, before fees."""
    held = trades.open
    return float(np.sum(held["side"] * held["quantity"] * (price - held["entry_price"])))


def finished(
    sides: tuple[TradeStatistics, TradeStatistics, TradeStatistics],
    of_equity: Mapping[str, Number],
    months: tuple[Month, ...],
    equity: Column,
    capital: float,
    *,
    open_profit: float,
    growth: float,
    bars_held: int,
    margin_calls: int,
    refused: int,
) -> Statistics:
    """Put numbers of trades (all, long, short) and of the equity together, with what follows from both."""
    every, long, short = sides
    total = float(equity[-1]) - capital
    funding = total - every.net_profit - open_profit
    if abs(funding) < _NOISE * capital:
        funding = 0.0
    parts: dict[str, Any] = {**vars(every), **of_equity, "net_profit": every.net_profit + funding}
    parts["net_profit_percent"] = 100 * parts["net_profit"] / capital
    return Statistics(
        **parts,
        bars=len(equity),
        capital=capital,
        total_profit=total,
        total_profit_percent=100 * total / capital,
        funding=funding,
        open_profit=open_profit,
        open_profit_percent=100 * open_profit / capital,
        buy_and_hold=capital * growth,
        buy_and_hold_percent=100 * growth,
        exposure_percent=100 * bars_held / len(equity),
        margin_calls=margin_calls,
        refused_entries=refused,
        long=long,
        short=short,
        months=months,
    )


@kernel
def _bars_held(table: Records, closed: int) -> int:
    """Count the bars at whose close there was a position. Entries are in order of time; an open one is held last."""
    count = 0
    counted = -1  # all rows before this one
    for i in range(len(table)):
        first = max(table[i].entry_row, counted)
        last = table[i].exit_row if i < closed else table[i].exit_row + 1
        if last > first:
            count += last - first
            counted = last
    return count
