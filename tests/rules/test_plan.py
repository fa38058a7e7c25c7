from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import Plan, read_rule_file
from engine.rules.nodes import Candle, Indicator, Operation
from engine.rules.single import plan_text
from tests.rules.files import rule_with
from tests.rules.reference import Term
from tests.rules.terms import TERMS

SHIPPED = ["ema_cross", "rsi_dip", "supertrend"]

_WHOLE = st.sampled_from(["close", "hl2", "volume", "close[2]", "(close - open)", "ta.sma(close, 3)"])
_GAPPY = st.one_of(_WHOLE, st.just("(close > open ? close : na)"))
_INDICATORS = st.sampled_from(
    [
        "ta.sma({0}, 5)",
        "ta.ema({0}, 4)",
        "ta.rma({1}, 3)",
        "ta.rsi({0}, 6)",
        "ta.ema(ta.sma({1}, 3), 4)",
        "ta.atr(5)",
        "ta.tr(true)",
        "ta.supertrend(3, 5)",
        "ta.supertrend(2, 4).direction",
        "(ta.crossover({0}, {1}) ? 1 : 0)",
        "nz(ta.crossunder({0}, ta.ema({1}, 3)) ? 2 : na, 3)",
    ]
)
CALLS = st.builds(str.format, _INDICATORS, _GAPPY, _GAPPY)
CALLS_ON_WHOLE_SERIES = st.builds(str.format, _INDICATORS, _WHOLE, _WHOLE)


@cache
def sample(count: int) -> Bars:
    return sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), SAMPLE_START_MS, count)


def test_equal_expressions_are_one_node() -> None:
    """An expression written five times in a file, in different words, is computed once."""
    same = "ta.ema(close,9)>open or ta.ema( close, length=9 ) > open or ema(source=close, length=9) > open or c > open"
    plan = rule_with(same, define="  n: 3 * 3\n  c: ta.ema(close, n)\n").plan()
    nines = [node for node in plan.nodes if isinstance(node, Indicator) and node.constants == (9,)]
    assert len(nines) == 1
    assert len([node for node in plan.nodes if isinstance(node, Operation) and node.name == ">"]) == 1


@given(TERMS)
@settings(max_examples=100, deadline=None)
def test_no_plan_holds_two_equal_nodes_or_an_input_after_its_use(term: Term) -> None:
    """The nodes of a plan differ from each other, and each stands after all that it is computed from."""
    nodes = plan_text(term.text).nodes
    assert len({repr(node) for node in nodes}) == len(nodes)
    for i, node in enumerate(nodes):
        assert all(any(before is needed for before in nodes[:i]) for needed in node.inputs)


def test_nodes_of_two_plans_are_equal_by_content() -> None:
    """Two plans of the same text are equal, however often they share a part; another number makes another plan."""
    text = "".join(f"  v{i}: v{i + 1} + v{i + 1}\n" for i in range(200)) + "  v200: close\n"
    one, same = (rule_with("v0 > 1", define=text).plan().outputs["long.enter"] for _ in range(2))
    other = rule_with("v0 > 1", define=text.replace("v200: close", "v200: open")).plan().outputs["long.enter"]
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != Candle(one.kind, "close")


@given(CALLS, CALLS, st.sampled_from(["+", "<", "== 1 ? 1 : 2 *"]), st.integers(0, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_the_future_changes_no_value(a: str, b: str, operator: str, ago: int, data: st.DataObject) -> None:
    """Cutting the candles at any bar leaves every earlier value identical, to the bit."""
    plan = plan_text(f"({a} {operator} {b})[{ago}]")
    whole = plan.evaluate(sample(120))["value"]
    cut = data.draw(st.integers(0, 119))
    np.testing.assert_array_equal(plan.evaluate(sample(120)[:cut])["value"], whole[:cut])


def agree(plan: Plan, bars: Bars, starts: list[int]) -> None:
    whole = plan.evaluate(bars)
    for start in starts:
        part = plan.evaluate(bars[start:])
        for name, column in whole.items():
            warm = part[name][plan.warmup :]
            if column.dtype == np.int8:
                np.testing.assert_array_equal(warm, column[start + plan.warmup :], err_msg=f"{name} from {start}")
            else:
                near = 1e-9 * np.nanmax(np.abs(column), initial=0.0)  # of a series around 0: relative to its size
                expected = column[start + plan.warmup :]
                np.testing.assert_allclose(warm, expected, rtol=1e-9, atol=near, err_msg=f"{name} from {start}")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_restart_agrees_after_the_warm_up(name: str) -> None:
    """Begun at any bar, a shipped strategy gives the values of the whole history once `warmup` bars have passed."""
    plan = read_rule_file(f"strategies/{name}.yaml").plan()
    bars = sample(6000)
    agree(plan, bars, random.Random(7).sample(range(len(bars) - plan.warmup - 200), 40))  # noqa: S311 - a fixed choice


@given(CALLS_ON_WHOLE_SERIES, st.integers(0, 3), st.integers(1, 900))
@settings(max_examples=60, deadline=None)
def test_any_call_agrees_after_its_warm_up(call: str, ago: int, start: int) -> None:
    """Begun at any bar, a generated indicator gives the values of the whole history once `warmup` bars have passed."""
    agree(plan_text(f"{call}[{ago}] * 2"), sample(1600), [start])


def test_warm_up_adds_up_along_the_longest_path() -> None:
    """Windows behind one another add, those beside one another do not."""
    assert plan_text("close").warmup == 0
    assert plan_text("close[3][4]").warmup == 7
    assert plan_text("ta.sma(close, 10)[5] + ta.sma(close, 3)[1]").warmup == 14
    assert plan_text("ta.sma(ta.sma(close, 10), 20)").warmup == 28
    assert plan_text("ta.crossover(close[2], open)").warmup == 3
    assert plan_text("1 + 2").warmup == 0
