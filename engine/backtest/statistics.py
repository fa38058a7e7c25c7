"""What a backtest comes to, in numbers: the Strategy Tester's and more. docs/statistics.md has every definition."""

from __future__ import annotations

from dataclasses import asdict, dataclass

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
_MARGIN_CALLS = [int(reason) for reason in Reason if reason.name in ("MARGIN_CALL", "LIQUIDATION")]


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
    every, long, short = trade_statistics(trades, capital)
    months = months_of(equity, time, capital)
    held = trades.open
    open_profit = float(np.sum(held["side"] * held["quantity"] * (float(close[-1]) - held["entry_price"])))
    total = float(equity[-1]) - capital
    funding = total - every.net_profit - open_profit
    if abs(funding) < _NOISE * capital:
        funding = 0.0
    growth = float(close[-1]) / float(close[0]) - 1
    return Statistics(
        **{
            **vars(every),
            "net_profit": every.net_profit + funding,
            "net_profit_percent": 100 * (every.net_profit + funding) / capital,
            **vars(equity_statistics(equity, capital, timeframe, months)),
            **vars(intrabar_statistics(trades, capital)),
        },
        bars=len(equity),
        capital=capital,
        total_profit=total,
        total_profit_percent=100 * total / capital,
        funding=funding,
        open_profit=open_profit,
        open_profit_percent=100 * open_profit / capital,
        buy_and_hold=capital * growth,
        buy_and_hold_percent=100 * growth,
        exposure_percent=100 * _bars_held(trades.table, len(trades.closed)) / len(equity),
        margin_calls=int(np.isin(trades.fills["reason"], _MARGIN_CALLS).sum()),
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
