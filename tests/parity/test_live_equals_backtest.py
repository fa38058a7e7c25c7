"""For the same candles and the same rule file, live and backtest decide the same, message for message.

Of each series the last 1,500 candles are stepped, which keeps this short; with SIGNAL_ENGINE_ALL_CANDLES=1 in the
environment, all of them are.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from engine.backtest import Result, backtest
from engine.decisions import Costs
from engine.live.session import Session
from engine.market import Bars, Instrument
from engine.rules import Rule
from tests.parity.candles import REAL, SAMPLE, STRATEGIES, candles, rule_on

COSTS = Costs(capital=10_000, commission_percent=0.05, slippage_ticks=2)
MOST = 10**9 if os.environ.get("SIGNAL_ENGINE_ALL_CANDLES") else 1_500

every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
every_series = pytest.mark.parametrize("source", [SAMPLE, *REAL])


def session_of(rule: Rule, instrument: Instrument) -> Session:
    return Session("route", "connector", rule, instrument, COSTS)


def bodies(result: Result) -> list[str]:
    return [message.json() for message in result.messages]


@every_series
@every_strategy
def test_live_equals_backtest(strategy: Path, source: str) -> None:
    """A session that is stepped bar by bar sends the messages of the backtest, byte for byte, at the same equity."""
    bars, instrument = _recent(source)
    rule = rule_on(strategy, bars.timeframe)
    result = backtest(rule, bars, instrument, COSTS)
    session = session_of(rule, instrument)
    session.restore(bars[: result.warmup])
    sent: list[str] = []
    for i in range(result.warmup, len(bars)):
        sent += (message.json() for message in session.step(bars[i : i + 1]).messages)
        assert session.equity == result.equity[i - result.warmup], i
    assert sent == bodies(result)
    assert sent, "a comparison of nothing"


@every_series
@every_strategy
def test_restarts_change_nothing(strategy: Path, source: str) -> None:
    """A session that is rebuilt from its JSON state at random bars sends the same messages all the same."""
    bars, instrument = _recent(source)
    bars = bars[-1_000:]
    rule = rule_on(strategy, bars.timeframe)
    result = backtest(rule, bars, instrument, COSTS)
    random = Random(f"{strategy.stem} {source}")  # noqa: S311 - where to cut, no secret
    cuts = sorted(random.sample(range(result.warmup, len(bars)), 20))
    state = None
    sent: list[str] = []
    for start, end in pairwise([result.warmup, *cuts, len(bars)]):
        session = session_of(rule, instrument)
        session.restore(bars[max(0, start - session.window) : start], state)
        for i in range(start, end):
            sent += (message.json() for message in session.step(bars[i : i + 1]).messages)
        state = session.state
    assert sent == bodies(result)


@every_series
@every_strategy
def test_the_future_decides_nothing(strategy: Path, source: str) -> None:
    """Cutting off the candles after any bar leaves every message up to that bar byte-identical, and adds none."""
    bars, instrument = candles(source)
    rule = rule_on(strategy, bars.timeframe)
    whole = backtest(rule, bars, instrument, COSTS)
    random = Random(f"{strategy.stem} {source}")  # noqa: S311 - where to cut, no secret
    for cut in random.sample(range(whole.warmup + 1, len(bars)), 3):
        part = backtest(rule, bars[:cut], instrument, COSTS)
        earlier = sum(decision.time_ms < bars.time[cut] for decision in whole.decisions)
        assert part.decisions == whole.decisions[:earlier]
        assert bodies(part) == bodies(whole)[: len(part.messages)]
        assert (part.equity == whole.equity[: len(part.equity)]).all()


def _recent(source: str) -> tuple[Bars, Instrument]:
    bars, instrument = candles(source)
    return bars[max(0, len(bars) - MOST) :], instrument
