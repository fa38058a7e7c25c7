"""One strategy over one stretch of candles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.excursions import Slippage
from engine.backtest.statistics import Statistics, statistics
from engine.backtest.trades import Trades, trades_of
from engine.decisions import (
    Costs,
    Decision,
    Inputs,
    Move,
    Settings,
    advance,
    decisions_of,
    inputs_of,
    new_state,
    settings_for,
)
from engine.decisions.state import Records
from engine.decisions.tape import Taken, joined, take, tape_for
from engine.errors import InvalidInputError
from engine.market import Bars, Instrument
from engine.market.bars import Column
from engine.market.funding import Funding, constant_funding
from engine.market.watched import watched
from engine.rules import Plan, Rule
from engine.rules.feeds import feeds_of, refuse_cold
from engine.rules.fingerprint import Fingerprint, fingerprint
from engine.webhook import Author, Message
from engine.webhook.compose import Texts

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 16  # candles for which a tape has room at least


@dataclass(frozen=True)
class Result:
    """What came of a backtest. `equity` is per traded bar: `bars[warmup:]`.

    `fills` are in the times of the candles `met`, which are `bars` where no finer ones were watched; `records` are the
    machine's decisions.
    """

    rule: Rule
    plan: Plan
    bars: Bars
    warmup: int
    fills: Records
    records: Records
    equity: Column
    costs: Costs
    met: Bars
    author: Author
    texts: Texts

    @cached_property
    def trades(self) -> Trades:
        """The trades, in order of their exits."""
        costs, tick = self.costs, float(self.author.instrument.tick)
        slippage = Slippage(
            costs.slippage_ticks * tick, costs.slippage_percent / 100, costs.tradingview, costs.orders_on_close
        )
        path = None if self.met is self.bars else self.met
        return trades_of(self.fills, self.bars, path, slippage, own=costs.tradingview and costs.closes_own)

    @property
    def profit(self) -> float:
        """Equity at the end, less the capital."""
        return float(self.equity[-1]) - self.costs.capital

    @cached_property
    def stats(self) -> Statistics:
        """What it comes to, in numbers."""
        traded, refused = self.bars[self.warmup :], int((self.records["move"] == Move.NONE).sum())
        return statistics(
            self.trades, self.equity, traded.time, traded.close, self.costs.capital, self.bars.timeframe, refused
        )

    @cached_property
    def decisions(self) -> list[Decision]:
        """The decisions, in order; refused entries too."""
        return decisions_of(self.records)

    def frame(self) -> pd.DataFrame:
        """Give equity at each close, and its fall from the highest before, by the bars' open times in UTC."""
        import pandas as pd  # noqa: PLC0415 - slow to load

        index = pd.DatetimeIndex(pd.to_datetime(self.bars.time[self.warmup :], unit="ms", utc=True), name="time")
        peak = np.maximum(np.maximum.accumulate(self.equity), self.costs.capital)
        return pd.DataFrame({"equity": self.equity, "drawdown": peak - self.equity}, index=index)

    @property
    def messages(self) -> list[Message]:
        """The messages that would have been sent, in order."""
        return [m for decision in self.decisions if (m := self.message(decision)) is not None]

    def message(self, decision: Decision) -> Message | None:
        """Give the message of one of the decisions; None for one that was refused."""
        return self.author.message(decision, self.texts.at(decision))

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What each indicator of the rule gives on a fixed stretch of candles, as it was backtested."""
        return fingerprint(self.plan, self.rule.timeframe)


@dataclass(frozen=True)
class Ready:
    """A rule on candles, with all that the machine reads; trading begins at the bar `start`."""

    rule: Rule
    plan: Plan
    bars: Bars
    start: int
    costs: Costs
    met: Bars
    inputs: Inputs
    settings: Settings
    author: Author
    texts: Texts

    def result(self, fills: Records, records: Records, equity: Column) -> Result:
        """Give what came of it; `equity` is of the bars from `start` on."""
        return Result(
            self.rule, self.plan, self.bars, self.start, fills, records, equity, self.costs, self.met, self.author,
            self.texts,
        )  # fmt: skip


def backtest(
    rule: Rule,
    bars: Bars,
    instrument: Instrument,
    costs: Costs | None = None,
    params: Mapping[str, float] | None = None,
    *,
    warmup: int | None = None,
    others: Mapping[str, Bars] | None = None,
    finer: Bars | None = None,
    funding: Funding | None = None,
    path: int = 0,
) -> Result:
    """Run a rule over bars, whichever timeframe they have. Trading begins when the indicators are warm.

    `warmup` sets how many bars to wait instead; with 0, trading begins as soon as conditions are known, as on a
    TradingView chart. `others` are candles of the symbols that the rule looks at beside its own; `finer` are those on
    which orders are watched, and `path` which way prices go inside of each (decisions.settings.Path); `funding` are
    rates as they were, instead of those of the costs.

    Errors: InvalidInputError where the bars do not last beyond the warm-up, and where candles of a symbol are missing.
    """
    made = ready(
        rule, bars, instrument, costs, params, warmup=warmup, others=others, finer=finer, funding=funding, path=path
    )
    return made.result(*run(made.inputs, made.settings, made.costs.capital, made.start))


def ready(
    rule: Rule,
    bars: Bars,
    instrument: Instrument,
    costs: Costs | None = None,
    params: Mapping[str, float] | None = None,
    *,
    warmup: int | None = None,
    others: Mapping[str, Bars] | None = None,
    finer: Bars | None = None,
    funding: Funding | None = None,
    path: int = 0,
) -> Ready:
    """Compute what a backtest's machine reads; arguments and errors are those of `backtest`."""
    mintick = float(instrument.tick) or None
    plan = rule.plan(params, timeframe=bars.timeframe, symbol=instrument.symbol, mintick=mintick)
    feeds = feeds_of(plan, others or {}, instrument.symbol)
    start = plan.first_warm(bars, feeds) if warmup is None else warmup
    if len(bars) <= start:
        refuse_cold(plan, bars, feeds)
        raise InvalidInputError(
            f"{rule.name} needs {start} {bars.timeframe} candles before its indicators are warm, and there are "
            f"{len(bars)} in the period; give more candles, an earlier start (--from), or shorter lengths"
        )
    costs = costs or Costs()
    met = bars if finer is None else watched(bars, finer)
    columns = plan.columns(bars, feeds)
    inputs = inputs_of(bars, plan, columns, None if finer is None else met, funding_of(met, costs, funding))
    author = Author(rule.name, rule.market, bars.timeframe, instrument, rule.terms)
    settings = settings_for(rule, instrument, costs, path)
    return Ready(rule, plan, bars, start, costs, met, inputs, settings, author, Texts(plan, columns))


def run(inputs: Inputs, settings: Settings, capital: float, start: int) -> tuple[Records, Records, Column]:
    """Loop the machine over the rule's bars from `start` on. Gives fills, decisions, and equity for each of them."""
    candles = len(inputs.time)
    at = start if not len(inputs.row) else int(np.searchsorted(inputs.row, start))
    # Few rules fill an order on more than every eighth candle; what is not written to takes no memory. A tape that is
    # full is taken away, and goes on empty.
    state, tape = new_state(capital), tape_for(candles // 8, candles // 8, _BLOCK)
    equity = np.empty(len(inputs.bar_time))
    taken: list[Taken] = []
    while at < candles:
        at = advance(state, settings, inputs, at, candles, tape, equity)
        taken.append(take(tape, last=at >= candles))
    return (*joined(taken), equity[start:])


def funding_of(bars: Bars, costs: Costs, funding: Funding | None = None) -> Column | None:
    """Give the share of a position's value that a long pays as each candle opens; None where nothing is paid."""
    if funding is not None:
        return funding.on(bars)
    return constant_funding(bars, costs.funding_percent / 100.0) if costs.funding_percent else None
