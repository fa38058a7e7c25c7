"""The numbers that messages hold: a constant, a column at the decision's bar, what depends on the position."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engine.decisions import Decision, Move, Reason
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import read_rule
from engine.rules.position import PositionField
from engine.webhook.compose import Texts

RULE = """
name: texts
market: futures
timeframe: 1h
watch: 1m
long: {enter: close > open}
take_profit: {percent: 1}
order: {size: {percent: 25}}
delay_seconds: DELAY
log: "closed at {close}, and {position.profit_percent + close}, 1 + 2 is {1 + 2}"
"""
BARS = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 10)
HELD = Decision(0, Move.CLOSE_LONG, Reason.EXIT, 1.0, None, None, None, position={PositionField.PROFIT_PERCENT: 1.5})


def _texts(delay: str) -> Texts:
    plan = read_rule(RULE.replace("DELAY", delay), "rule").plan()
    return Texts(plan, plan.columns(BARS))


def test_each_number_is_that_of_the_decisions_bar() -> None:
    """By name, as the message's author asks for them; entries' own numbers are not among them."""
    for row in (0, 4, 9):
        found = _texts("bar_index + 1").at(replace(HELD, row=row))
        assert found == {"delay_seconds": row + 1, "log.0": BARS.close[row], "log.1": 1.5 + BARS.close[row], "log.2": 3}
    assert _texts("7").at(replace(HELD, row=3))["delay_seconds"] == 7


def test_inside_a_bar_it_is_that_of_the_bar_before() -> None:
    """A bar that is still open has no close; before the first, na. Constants are known; the position is as it is."""
    texts = _texts("2")
    assert texts.at(replace(HELD, row=4, watched=True)) == {
        "delay_seconds": 2, "log.0": BARS.close[3], "log.1": 1.5 + BARS.close[3], "log.2": 3,
    }  # fmt: skip
    second, first = (texts.at(replace(HELD, row=row, watched=True)) for row in (1, 0))
    assert second["log.0"] == BARS.close[0]
    assert first == pytest.approx({"delay_seconds": 2, "log.0": math.nan, "log.1": math.nan, "log.2": 3}, nan_ok=True)
