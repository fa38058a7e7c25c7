"""Many symbols traded by the same rule out of one capital, stepped in the order of time.

At each close the symbols are served in their order. Each machine sees the equity of the whole, less what other symbols'
positions tie up: their value on spot, their value divided by the leverage on futures (nothing where that is unlimited).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.backtest.account import Account
from engine.backtest.portfolio_statistics import portfolio_statistics
from engine.backtest.prepared import Prepared
from engine.backtest.run import Result
from engine.backtest.statistics import Statistics
from engine.backtest.trades import Trade
from engine.decisions.settings import Path, Settings
from engine.market.bars import Column
from engine.webhook import Message


@dataclass(frozen=True)
class PortfolioResult:
    """What came of a portfolio. `equity` is at each of `time`: when a traded bar of any symbol opened (ms UTC).

    In `results`, a symbol's equity is the capital and what that symbol gained. `most_open` is how many were in a
    position, or waited for one, at once; `passed_over` counts closes at which an entry was true and no place was free.
    """

    results: Mapping[str, Result]
    time: NDArray[np.int64]
    equity: Column
    capital: float
    most_open: int
    passed_over: int

    @property
    def profit(self) -> float:
        """Equity at the end, less the capital."""
        return float(self.equity[-1]) - self.capital

    @cached_property
    def stats(self) -> Statistics:
        """What it comes to, in numbers; those that one symbol alone can have are None."""
        return portfolio_statistics(self.results, self.time, self.equity, self.capital)

    @cached_property
    def trades(self) -> list[tuple[str, Trade]]:
        """The trades with their symbols, in order of their exits; those that are open last."""
        found = [(symbol, trade) for symbol, result in self.results.items() for trade in result.trades]
        return sorted(found, key=lambda each: (each[1].exit_time_ms is None, each[1].exit_time_ms or 0))

    @property
    def messages(self) -> list[Message]:
        """The messages that would have been sent, in order of time, at equal times in that of the symbols."""
        sent = [
            (decision.time_ms, message)
            for result in self.results.values()
            for decision in result.decisions
            if (message := result.message(decision)) is not None
        ]
        return [message for _, message in sorted(sent, key=lambda each: each[0])]


def backtest_portfolio(
    members: Mapping[str, Prepared], max_open: int | None = None, path: Path = Path.TRADINGVIEW
) -> PortfolioResult:
    """Run a rule over several symbols. The capital is that of their costs, which are the same.

    Errors: InvalidInputError where the bars of a symbol do not last beyond the warm-up.
    """
    capital = float(next(iter(members.values())).costs.capital)
    accounts = [Account(prepared.ready(path), capital) for prepared in members.values()]
    shares = [_tied_up(account.made.settings) for account in accounts]
    cash, most_open, passed_over = capital, 0, 0
    for index, row in _in_order(accounts):
        account = accounts[index]
        if not account.waiting and not account.interesting[row]:
            continue
        gained = reserved = 0.0
        others = 0
        for other, share in zip(accounts, shares, strict=True):
            if other is not account:
                gained += other.open_profit
                reserved += other.value * share
                others += other.waiting
        may_enter = account.waiting or max_open is None or others < max_open
        passed_over += not may_enter
        cash += account.step(row, cash + gained, reserved, may_enter=may_enter)
        most_open = max(most_open, others + account.waiting)
    results = {name: account.result(capital) for name, account in zip(members, accounts, strict=True)}
    time = np.unique(np.concatenate([result.bars.time[result.warmup :] for result in results.values()]))
    equity = np.full(len(time), capital)
    for result in results.values():
        at = np.searchsorted(result.bars.time[result.warmup :], time, side="right")
        equity += np.concatenate([[0.0], result.equity - capital])[at]
    return PortfolioResult(results, time, equity, capital, most_open, passed_over)


def _tied_up(settings: Settings) -> float:
    """Give the share of a position's value that is not there for others."""
    if not settings.may_borrow:
        return 1.0
    return 1 / settings.leverage if settings.leverage > 0 else 0.0


def _in_order(accounts: list[Account]) -> list[tuple[int, int]]:
    """Give symbol and row of every bar that is traded, by the time of its close, then in the order of the symbols."""
    rows = [np.arange(account.made.start, len(account.made.bars)) for account in accounts]
    closes = [account.made.bars.closes_ms[account.made.start :] for account in accounts]
    symbols = np.concatenate([np.full(len(each), index) for index, each in enumerate(rows)])
    order = np.lexsort((symbols, np.concatenate(closes)))
    return list(zip(symbols[order].tolist(), np.concatenate(rows)[order].tolist(), strict=True))
