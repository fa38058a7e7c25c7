"""What trades come to, by the Strategy Tester's names: of all, of the long ones, of the short ones. One pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.decisions.state import Records
from engine.indicators.kernel import kernel

_INTEGERS = ("count", "wins", "losses", "bars", "win_bars", "loss_bars", "winning", "losing", "longest_winning",
             "longest_losing", "open")  # fmt: skip
_NUMBERS = ("profit", "gross_profit", "gross_loss", "percents", "win_percents", "loss_percents", "largest_win",
            "largest_loss", "largest_win_percent", "largest_loss_percent", "fees", "open_fees",
            "contracts")  # fmt: skip
_TALLY = np.dtype([(name, "i8") for name in _INTEGERS] + [(name, "f8") for name in _NUMBERS])


@dataclass(frozen=True, kw_only=True)
class TradeStatistics:
    """Numbers of closed trades unless said otherwise; docs/statistics.md has each definition.

    Money is in quote currency, net of fees; losses are negative. None where a number has no meaning (no such trade).
    """

    net_profit: float  # of closed trades, less the entry fees of open ones
    net_profit_percent: float  # of the capital
    gross_profit: float
    gross_profit_percent: float
    gross_loss: float
    gross_loss_percent: float
    profit_factor: float | None  # gross profit / gross loss; None without losses
    fees: float  # "commission paid": open trades' too
    closed_trades: int
    open_trades: int
    winning_trades: int  # profit above 0
    losing_trades: int  # profit below 0
    winning_percent: float | None
    average_trade: float | None
    average_trade_percent: float | None  # mean of the trades' own percents
    average_win: float | None
    average_win_percent: float | None
    average_loss: float | None
    average_loss_percent: float | None
    average_win_to_loss: float | None  # "ratio avg win / avg loss"
    largest_win: float | None
    largest_win_percent: float | None  # the largest percent, not that of the largest win
    largest_loss: float | None
    largest_loss_percent: float | None
    average_trade_bars: float | None
    average_win_bars: float | None
    average_loss_bars: float | None
    longest_winning_run: int  # trades in a row
    longest_losing_run: int
    max_contracts: float | None  # "max contracts held"; None of a portfolio


def trade_statistics(
    table: Records, closed: int, fills: Records, capital: float
) -> tuple[TradeStatistics, TradeStatistics, TradeStatistics]:
    """Give the numbers of all trades, of the long and of the short ones.

    `table` are TRADE records, the first `closed` of them closed, in order of their exits; `fills` is what made them.
    """
    tally = np.zeros(3, _TALLY)
    for name in ("largest_win", "largest_loss", "largest_win_percent", "largest_loss_percent"):
        tally[name] = np.nan
    _tally(table, closed, tally)
    _contracts(fills, tally)
    every, long, short = (_numbers(dict(zip(_TALLY.names or (), row, strict=True)), capital) for row in tally.tolist())
    return every, long, short


def _numbers(t: dict[str, Any], capital: float) -> TradeStatistics:
    net, wins, losses, count = t["profit"] - t["open_fees"], t["wins"], t["losses"], t["count"]
    win, loss = _mean(t["gross_profit"], wins), _mean(t["gross_loss"], losses)
    return TradeStatistics(
        net_profit=net,
        net_profit_percent=100 * net / capital,
        gross_profit=t["gross_profit"],
        gross_profit_percent=100 * t["gross_profit"] / capital,
        gross_loss=t["gross_loss"],
        gross_loss_percent=100 * t["gross_loss"] / capital,
        profit_factor=t["gross_profit"] / -t["gross_loss"] if losses else None,
        fees=t["fees"],
        closed_trades=count,
        open_trades=t["open"],
        winning_trades=wins,
        losing_trades=losses,
        winning_percent=_mean(100 * wins, count),
        average_trade=_mean(t["profit"], count),
        average_trade_percent=_mean(t["percents"], count),
        average_win=win,
        average_win_percent=_mean(t["win_percents"], wins),
        average_loss=loss,
        average_loss_percent=_mean(t["loss_percents"], losses),
        average_win_to_loss=None if win is None or loss is None else win / -loss,
        largest_win=t["largest_win"] if wins else None,
        largest_win_percent=t["largest_win_percent"] if wins else None,
        largest_loss=t["largest_loss"] if losses else None,
        largest_loss_percent=t["largest_loss_percent"] if losses else None,
        average_trade_bars=_mean(t["bars"], count),
        average_win_bars=_mean(t["win_bars"], wins),
        average_loss_bars=_mean(t["loss_bars"], losses),
        longest_winning_run=t["longest_winning"],
        longest_losing_run=t["longest_losing"],
        max_contracts=t["contracts"],
    )


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


@kernel
def _tally(table: Records, closed: int, tally: Records) -> None:
    """Count each trade in the first tally, and in the second or the third by its side."""
    for i in range(len(table)):
        side = 1 if table[i].side > 0 else 2
        if i < closed:
            _count(tally[0], table[i])
            _count(tally[side], table[i])
        else:
            _count_open(tally[0], table[i])
            _count_open(tally[side], table[i])


@kernel
def _count(t: Any, trade: Any) -> None:
    profit, percent, bars = trade.profit, trade.percent, trade.bars
    t.count += 1
    t.profit += profit
    t.percents += percent
    t.bars += bars
    t.fees += trade.fees
    if profit > 0.0:
        t.wins += 1
        t.gross_profit += profit
        t.win_percents += percent
        t.win_bars += bars
        t.largest_win = np.fmax(t.largest_win, profit)
        t.largest_win_percent = np.fmax(t.largest_win_percent, percent)
        t.winning += 1
        t.longest_winning = max(t.longest_winning, t.winning)
    else:
        t.winning = 0
    if profit < 0.0:
        t.losses += 1
        t.gross_loss += profit
        t.loss_percents += percent
        t.loss_bars += bars
        t.largest_loss = np.fmin(t.largest_loss, profit)
        t.largest_loss_percent = np.fmin(t.largest_loss_percent, percent)
        t.losing += 1
        t.longest_losing = max(t.longest_losing, t.losing)
    else:
        t.losing = 0


@kernel
def _count_open(t: Any, trade: Any) -> None:
    t.open += 1
    t.fees += trade.fees
    t.open_fees += trade.fees


@kernel
def _contracts(fills: Records, tally: Records) -> None:
    """Find the largest amount held, of each side: only fills change it."""
    held = np.zeros(3)
    for i in range(len(fills)):
        move = fills[i].move
        if move < 1 or move > 4:
            continue
        side = 1 if move <= 2 else 2
        held[side] += fills[i].quantity if move % 2 == 1 else -fills[i].quantity
        for at in (0, side):
            tally[at].contracts = max(tally[at].contracts, held[side])
