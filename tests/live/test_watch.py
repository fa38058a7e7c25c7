"""Orders that the engine holds, watched on finer candles while it runs: as in the backtest, message for message."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import backtest
from engine.decisions import Costs
from engine.live import Session
from engine.live.inside import Inside
from engine.market import Bars, Instrument
from engine.rules import Rule
from tests.decisions.random_rules import Scene, scene


def _session(rule: Rule, instrument: Instrument, costs: Costs) -> Session:
    return Session("r", "main", rule, instrument, costs)


def _live(made: Scene, costs: Costs, finer: Bars, restarts: Random) -> list[str]:
    """Step a session candle by candle; now and then a new one goes on from what is kept of the old one."""
    session, sent = _session(made.rule, made.instrument, costs), []
    at = finer.time.searchsorted(made.bars.time[0])
    for i, closes_ms in enumerate(made.bars.closes_ms.tolist()):
        last: Bars | None = None
        while at < len(finer) and finer.time[at] < closes_ms:
            candle, at = finer[at : at + 1], at + 1
            if int(candle.closes_ms[0]) == closes_ms:
                last = candle
                continue
            outcome = session.see(candle)
            sent += [message.json() for message in outcome.messages]
            if restarts.random() < 0.1:
                kept = Inside(session.inside.candles, session.inside.events)
                history, state = session.bars, session.state
                session = _session(made.rule, made.instrument, costs)
                session.restore(history, state, kept)
        outcome = session.step(made.bars[i : i + 1], last)
        sent += [message.json() for message in outcome.messages]
    return sent


def _fits(made: Scene) -> bool:
    """Tell whether a rule watches, is warm in time, and does not count bars from where its window begins."""
    return made.finer is not None and "bar_index" not in made.text and made.rule.plan().warmup < len(made.bars)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1_000_000))
def test_what_is_watched_live_is_what_the_backtest_watches(seed: int) -> None:
    """Random rules with `watch`, some finer candles missing, restarts inside of bars: the same messages."""
    made = next(made for made in map(scene, count(seed)) if _fits(made))
    assert made.finer is not None
    costs, random = replace(made.costs, funding_percent=0.0), Random(seed)  # noqa: S311 - the same for the same seed
    there = np.array([random.random() < random.choice((0.6, 1.0)) for _ in range(len(made.finer))])
    finer = Bars(made.finer.timeframe, made.finer.time[there], *(c[there] for c in made.finer.columns()))
    result = backtest(made.rule, made.bars, made.instrument, costs, finer=finer)
    assert _live(made, costs, finer, random) == [message.json() for message in result.messages]
