"""One strategy over one stretch of candles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.backtest.excursions import Slippage
from engine.backtest.statistics import Statistics, statistics
from engine.backtest.trades import Trades, trades_of
from engine.decisions import (
    Columns,
    Costs,
    Decision,
    Move,
    Settings,
    advance,
    columns_of,
    decisions_of,
    new_state,
    room,
    settings_for,
)
from engine.decisions.machine import Records
from engine.errors import InvalidInputError
from engine.market import Bars, Instrument
from engine.market.bars import Column
from engine.rules import Plan, Rule
from engine.rules.feeds import feeds_of, refuse_cold
from engine.rules.fingerprint import Fingerprint, fingerprint
from engine.webhook import Author, Message

_BLOCK = 4096


@dataclass(frozen=True)
class Result:
    """What came of a backtest. `equity` is per traded bar: `bars[warmup:]`."""

    rule: Rule
    plan: Plan
    bars: Bars
    warmup: int
    trades: Trades
    decisions: list[Decision]
    equity: Column
    capital: float
    author: Author

    @cached_property
    def stats(self) -> Statistics:
        """What it comes to, in numbers."""
        traded = self.bars[self.warmup :]
        refused = sum(decision.move is Move.NONE for decision in self.decisions)
        return statistics(
            self.trades, self.equity, traded.time, traded.close, self.capital, self.bars.timeframe, refused
        )

    @property
    def messages(self) -> list[Message]:
        """The messages that would have been sent, in order."""
        return [m for decision in self.decisions if (m := self.author.message(decision)) is not None]

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What each indicator of the rule gives on a fixed stretch of candles, as it was backtested."""
        return fingerprint(self.plan, self.rule.timeframe)


def backtest(
    rule: Rule,
    bars: Bars,
    instrument: Instrument,
    costs: Costs | None = None,
    params: Mapping[str, float] | None = None,
    *,
    warmup: int | None = None,
    others: Mapping[str, Bars] | None = None,
) -> Result:
    """Run a rule over bars, whichever timeframe they have. Trading begins when the indicators are warm.

    `warmup` sets how many bars to wait instead; with 0, trading begins as soon as conditions are known, as on a
    TradingView chart. `others` are candles of the symbols that the rule looks at beside its own. Errors:
    InvalidInputError where the bars do not last beyond the warm-up, and where candles of a symbol are missing.
    """
    mintick = float(instrument.tick) or None
    plan = rule.plan(params, timeframe=bars.timeframe, symbol=instrument.symbol, mintick=mintick)
    feeds = feeds_of(plan, others or {}, instrument.symbol)
    start = plan.first_warm(bars, feeds) if warmup is None else warmup
    if len(bars) <= start:
        refuse_cold(plan, bars, feeds)
        raise InvalidInputError(
            f"{rule.name} needs {start} {bars.timeframe} candles before its indicators are warm, and there are "
            f"{len(bars)} in all; give more candles, or shorter lengths"
        )
    costs = costs or Costs()
    columns = columns_of(bars, plan.evaluate(bars, feeds))
    settings = settings_for(rule, instrument, costs)
    fills, records, equity = _run(columns, settings, costs.capital, start)
    trades, decisions = trades_of(fills, bars, slippage=Slippage(settings.slippage)), decisions_of(records)
    author = Author(rule.name, rule.market, bars.timeframe, instrument, rule.size_in_percent)
    return Result(rule, plan, bars, start, trades, decisions, equity, costs.capital, author)


def _run(columns: Columns, settings: Settings, capital: float, start: int) -> tuple[Records, Records, Column]:
    """Loop the machine from `start` on; whenever its arrays are full, they are taken away and it goes on."""
    stop = len(columns.time)
    state = new_state(capital)
    fills, decisions, _ = room(_BLOCK)
    equity = np.empty(stop)
    all_fills, all_decisions = [fills[:0]], [decisions[:0]]
    at = start
    while at < stop:
        at, filled, decided = advance(state, settings, columns, at, stop, fills, decisions, equity)
        all_fills.append(fills[:filled].copy())
        all_decisions.append(decisions[:decided].copy())
    return np.concatenate(all_fills), np.concatenate(all_decisions), equity[start:]
