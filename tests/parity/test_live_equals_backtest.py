"""For the same candles and the same rule file, live and backtest decide the same, message for message.

Each strategy is stepped over the last 1,500 candles of the sample market and of one real series, which keeps it short;
with SIGNAL_ENGINE_ALL_CANDLES=1 in the environment, over all candles of all series.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import Result, backtest
from engine.decisions import Costs
from engine.live.session import Session
from engine.market import Bars, Instrument
from engine.rules import Rule
from tests.parity.candles import ALL, PAIRS, SAMPLE, candles, fetch, others_of, rule_on
from tests.parity.made_rules import rules

COSTS = Costs(capital=10_000, commission_percent=0.05, slippage_ticks=2)
MOST = 10**9 if ALL else 1_500

every_strategy = pytest.mark.parametrize(("strategy", "source"), PAIRS, ids=[f"{p.stem}-{s}" for p, s in PAIRS])


def session_of(rule: Rule, instrument: Instrument) -> Session:
    return Session("route", "connector", rule, instrument, COSTS)


def restored(
    rule: Rule, instrument: Instrument, bars: Bars, start: int, others: dict[str, Bars], state: str | None = None
) -> Session:
    """Give a session that has the candles before bar `start`, as a process that starts there has them."""
    session = session_of(rule, instrument)
    history = bars[max(0, start - session.window) : start]
    if len(history):
        fetch(session, others, instrument.symbol, int(history.time[0]), int(history[-1:].closes_ms[0]))
    session.restore(history, state)
    return session


def bodies(result: Result) -> list[str]:
    return [message.json() for message in result.messages]


@every_strategy
def test_live_equals_backtest(strategy: Path, source: str) -> None:
    """A session that is stepped bar by bar sends the messages of the backtest, byte for byte, at the same equity."""
    bars, instrument = _recent(source)
    rule = rule_on(strategy, bars.timeframe)
    others = others_of(rule, bars, instrument.symbol)
    result = backtest(rule, bars, instrument, COSTS, others=others)
    session = restored(rule, instrument, bars, result.warmup, others)
    sent: list[str] = []
    for i in range(result.warmup, len(bars)):
        fetch(session, others, instrument.symbol, int(bars.time[i]), int(bars.closes_ms[i]))
        sent += (message.json() for message in session.step(bars[i : i + 1]).messages)
        assert session.equity == result.equity[i - result.warmup], i
    assert sent == bodies(result)
    assert sent, "a comparison of nothing"


@every_strategy
def test_restarts_change_nothing(strategy: Path, source: str) -> None:
    """A session that is rebuilt from its JSON state at random bars sends the same messages all the same."""
    bars, instrument = _recent(source)
    bars = bars[-1_000:]
    rule = rule_on(strategy, bars.timeframe)
    others = others_of(rule, bars, instrument.symbol)
    result = backtest(rule, bars, instrument, COSTS, others=others)
    random = Random(f"{strategy.stem} {source}")  # noqa: S311 - where to cut, no secret
    cuts = sorted(random.sample(range(result.warmup, len(bars)), 20))
    state = None
    sent: list[str] = []
    for start, end in pairwise([result.warmup, *cuts, len(bars)]):
        session = restored(rule, instrument, bars, start, others, state)
        for i in range(start, end):
            fetch(session, others, instrument.symbol, int(bars.time[i]), int(bars.closes_ms[i]))
            sent += (message.json() for message in session.step(bars[i : i + 1]).messages)
        state = session.state
    assert sent == bodies(result)


@every_strategy
def test_the_future_decides_nothing(strategy: Path, source: str) -> None:
    """Cutting off the candles after any bar leaves every message up to that bar byte-identical, and adds none."""
    bars, instrument = candles(source)
    rule = rule_on(strategy, bars.timeframe)
    others = others_of(rule, bars, instrument.symbol)
    whole = backtest(rule, bars, instrument, COSTS, others=others)
    random = Random(f"{strategy.stem} {source}")  # noqa: S311 - where to cut, no secret
    for cut in random.sample(range(whole.warmup + 1, len(bars)), 3):
        there = dict.fromkeys(others, bars[:cut])
        part = backtest(rule, bars[:cut], instrument, COSTS, others=there)
        earlier = sum(decision.time_ms < bars.time[cut] for decision in whole.decisions)
        assert part.decisions == whole.decisions[:earlier]
        assert bodies(part) == bodies(whole)[: len(part.messages)]
        assert (part.equity == whole.equity[: len(part.equity)]).all()


@given(rules(), st.sets(st.integers(20, 219), max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_generated_rule_decides_the_same_live(rule: Rule, cuts: set[int]) -> None:
    """With any of the fields, stepped bar by bar and restarted at any bars, it sends the backtest's messages."""
    bars, instrument = candles(SAMPLE)[0][:220], candles(SAMPLE)[1]
    result = backtest(rule, bars, instrument, COSTS)
    sent: list[str] = []
    state, equity = None, []
    for start, end in pairwise([result.warmup, *sorted(cut for cut in cuts if cut > result.warmup), len(bars)]):
        session = restored(rule, instrument, bars, start, {}, state)
        for i in range(start, end):
            sent += (message.json() for message in session.step(bars[i : i + 1]).messages)
            equity.append(session.equity)
        state = session.state
    assert sent == bodies(result)
    assert equity == result.equity.tolist()


def _recent(source: str) -> tuple[Bars, Instrument]:
    bars, instrument = candles(source)
    return bars[max(0, len(bars) - MOST) :], instrument
