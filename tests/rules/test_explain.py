from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import Kind
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import Plan, Rule, read_rule_file
from engine.rules.explain import BarExplainer, Explainer
from engine.rules.explanation import Part
from engine.rules.feeds import feeds_of
from engine.rules.nodes import Constant, Node, Operation
from engine.rules.plan import Feeds
from engine.rules.sketch import Sketch
from engine.rules.values import TRUTHS, BarValues
from tests.cli.program import ROOT
from tests.rules.files import rule_with
from tests.rules.reference import Term
from tests.rules.stack import run
from tests.rules.terms import conditions

SHIPPED = sorted((ROOT / "strategies").glob("*.yaml"))
HELD: list[dict[str, float | None]] = [
    {"side": 0.0, "entry_price": None, "bars": None, "profit_percent": None, "bars_since_exit": None},
    {"side": 1.0, "entry_price": 50_000.0, "bars": 120.0, "profit_percent": -2.5, "bars_since_exit": 150.0},
    {"side": -1.0, "entry_price": 45_000.0, "bars": 2.0, "profit_percent": 3.0, "bars_since_exit": 8.0},
]
"""Positions at a close."""
_JOINED = {"all": min, "and": min, "chain": min, "any": max, "or": max}
_RANK = {False: 0, None: 1, True: 2}
_EXACT = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


@cache
def sample(count: int = 700) -> Bars:
    return sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), SAMPLE_START_MS, count)


@cache
def shipped(name: str) -> BarExplainer:
    explainer = Explainer.of(read_rule_file(ROOT / "strategies" / name))
    return explainer.over(sample(), feeds_for(explainer.own))


def feeds_for(plan: Plan) -> Feeds:
    """Give candles of other symbols that a plan asks for."""
    return feeds_of(plan, {feed.symbol: sample() for feed in plan.fetched if feed.symbol})


def entering(expression: str, bars: Bars | None = None, define: str = "") -> BarExplainer:
    return Explainer.of(rule_with(f"'{expression}'" if "#" in expression else expression, define)).over(
        bars or sample()
    )


@cache
def comparing(sign: str) -> Explainer:
    return Explainer.of(rule_with(f"open {sign} close"))


def enter(explainer: BarExplainer, bar: int) -> Part:
    return next(e.condition for e in explainer.at(bar).conditions if e.name == "long.enter")


def parts(part: Part) -> Iterator[Part]:
    yield part
    for inner in part.parts:
        yield from parts(inner)


def check_consistent(root: Part) -> None:
    """Each part is what its own parts make of it; each unknown leaf says why."""
    for part in parts(root):
        truths = [_RANK[inner.truth] for inner in part.parts]
        if part.kind in _JOINED:
            assert _RANK[part.truth] == _JOINED[part.kind](truths), part
        elif part.kind == "not":
            assert _RANK[part.truth] == 2 - truths[0], part
        elif part.kind == "earlier" and part.truth is not None:
            assert [_RANK[part.truth]] == truths, part
        elif part.kind == "choice":
            assert (
                part.truth == {True: part.parts[1].truth, False: part.parts[2].truth, None: None}[part.parts[0].truth]
            )
        elif part.kind == "crossing" and part.truth is not None:
            assert part.truth == all(inner.truth for inner in part.parts), part
        if part.truth is None and not part.parts:
            assert part.unknown, part


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_an_explanation_agrees_with_the_plan_on_every_strategy(path: Path) -> None:
    """On random bars, what an explanation says of each condition is what the rule's own plan gives there."""
    rule = read_rule_file(path)
    plan, explainer = rule.plan(), shipped(path.name)
    columns = {**plan.evaluate(sample(), feeds_for(plan)), **plan.columns(sample(), feeds_for(plan))}
    for bar in [*range(5), *np.random.default_rng(7).integers(0, len(sample()), 40).tolist()]:
        held = HELD[bar % len(HELD)]
        explanation = explainer.at(bar, {name: math.nan if v is None else v for name, v in held.items()})
        assert {e.name for e in explanation.conditions} == set(rule.expressions.conditions)
        for explained in explanation.conditions:
            program = plan.programs.get(explained.name)
            position = {name: [value] * len(sample()) for name, value in held.items()}
            value = columns[explained.name][bar] if program is None else run(program, columns, position, bar)
            assert explained.acts is TRUTHS[int(value)]
            if rule.file.sessions is None or not explained.name.endswith(".enter"):
                assert explained.condition.truth is explained.acts
            check_consistent(explained.condition)


@given(conditions(3), st.integers(0, 39))
@settings(max_examples=40, deadline=None)
def test_an_explanation_agrees_with_the_plan_on_any_condition(term: Term, bar: int) -> None:
    """Whatever the condition, its truth is the plan's, and each part's is that of its own parts."""
    rule: Rule = rule_with(f"'{term.text}'")
    explained = next(e for e in Explainer.of(rule).over(sample(40)).at(bar).conditions if e.name == "long.enter")
    assert explained.condition.truth is TRUTHS[int(rule.plan().evaluate(sample(40))["long.enter"][bar])]
    check_consistent(explained.condition)


@given(st.sampled_from(sorted(_EXACT)), st.floats(0.5, 2e5), st.floats(0.5, 2e5))
@settings(max_examples=100, deadline=None)
def test_a_move_a_little_beyond_the_distance_turns_a_comparison(sign: str, left: float, right: float) -> None:
    """The left side moved by 1.001 times the distance gives the other truth; by 0.999 times it, the same."""
    column = np.array([left])
    bars = Bars(Timeframe(1, "h"), np.array([0]), column, column, column, np.array([right]), column)
    part = enter(comparing(sign).over(bars), 0)
    assert part.compared is not None
    move = part.compared.flips_at
    assert move is not None
    if abs(move) > 1e-6:
        assert _EXACT[sign](left + 1.001 * move, right) is not part.truth
        assert _EXACT[sign](left + 0.999 * move, right) is part.truth
        assert part.compared.flips_at_percent == pytest.approx(100 * move / right)


@pytest.mark.parametrize("call", ["ta.crossover(a, b)", "ta.crossunder(a, b)", "ta.cross(a, b)"])
def test_a_crossing_is_its_two_comparisons(call: str) -> None:
    """A crossing is true exactly where both its comparisons are: on this bar, and on the last before it."""
    explainer = entering(call, define="  a: ta.ema(close, 3)\n  b: ta.sma(close, 5)\n")
    crossed = 0
    for bar in range(4, 200):
        part = enter(explainer, bar)
        assert len(part.parts) == 2
        assert part.truth is all(inner.truth for inner in part.parts)
        crossed += bool(part.truth)
    assert crossed > 10


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_a_wait_is_as_long_as_it_says(path: Path) -> None:
    """A part that needs n more candles is unknown n - 1 candles later, and known n candles later."""
    explainer, seen = shipped(path.name), 0
    for bar in (0, 9, 13):
        for e, explained in enumerate(explainer.at(bar).conditions):
            for i, part in enumerate(parts(explained.condition)):
                found = re.search(r" needs (\d+) more candles?$", part.unknown)
                if found and part.kind == "comparison" and "before" not in part.unknown:
                    waits = bar + int(found[1])
                    later = [list(parts(explainer.at(at).conditions[e].condition))[i] for at in (waits - 1, waits)]
                    assert later[0].truth is None
                    assert later[1].truth is not None
                    seen += 1
    assert seen


@pytest.mark.parametrize(
    ("expression", "bar", "said"),
    [
        ("ta.ema(close, 26) > 0", 13, "ta.ema(close, 26) needs 12 more candles"),
        ("ta.ema(close, 26) > ta.sma(close, 99)", 0, "ta.sma(close, 99) needs 98 more candles"),
        ("ta.ema(ta.rsi(close, 14), 9) > 0", 0, "ta.ema(ta.rsi(close, 14), 9) needs 22 more candles"),
        ("close[3] > 0", 1, "close[3] needs 2 more candles"),
        ("slow_ma[2] > 0", 24, "ta.ema(close, 26) needs 3 more candles"),
        ("close > na", 1, "na is written there"),
        ("close / (open - open) > 0", 1, "close / (open - open) is na on all 700 candles"),
    ],
)
def test_unknown_is_explained(expression: str, bar: int, said: str) -> None:
    """An unknown comparison says which value is missing, and for how long."""
    assert enter(entering(expression), bar).unknown == said


def test_the_tree_is_as_written() -> None:
    """Trees, operators, chains, history and names keep their structure and their words."""
    define = "  up: close > open\n"
    part = enter(entering("(up  or 30 < ta.rsi(close, 14) < 70) and not (up)[1]", define=define), 300)
    assert [(p.kind, p.text) for p in parts(part)] == [
        ("and", "(up or 30 < ta.rsi(close, 14) < 70) and not (up)[1]"),
        ("or", "up or 30 < ta.rsi(close, 14) < 70"),
        ("name", "up"),
        ("chain", "30 < ta.rsi(close, 14) < 70"),
        ("comparison", "30 < ta.rsi(close, 14)"),
        ("comparison", "ta.rsi(close, 14) < 70"),
        ("not", "not (up)[1]"),
        ("earlier", "(up)[1]"),
        ("name", "up"),
    ]
    assert [p.bars_ago for p in parts(part)] == [0] * 8 + [1]


def test_names_are_given_once_with_their_values() -> None:
    """Every definition and parameter that conditions lead to stands once, and no other."""
    explanation = shipped("ema_cross.yaml").at(500)
    names = {named.name: named for named in explanation.names}
    assert list(names) == ["fast", "slow", "fast_ma", "slow_ma", "strength"]
    assert names["fast"].value == 12.0
    crossing = explanation.conditions[0].condition.parts[0].parts[0]
    assert crossing.compared is not None
    assert names["fast_ma"].value == crossing.compared.left_value


def test_parts_add_no_node_that_the_plan_has_already() -> None:
    """What is explained is what was decided: only comparisons inside crossings, chains and names are new."""
    rule = read_rule_file(ROOT / "strategies" / "ema_cross.yaml")
    assert len(Explainer.of(rule).plan.nodes) == len(rule.plan().nodes)


class _Field(Enum):
    ENTRY_PRICE = 1


@dataclass(frozen=True, eq=False)
class _Held(Node):
    field: _Field


def test_the_position_comes_with_the_bar() -> None:
    """A node that reads the position takes its value from the mapping; without one it is na, and says so."""
    entry = _Held(Kind.SERIES, _Field.ENTRY_PRICE)
    limit = Constant(Kind.SERIES, 100.0)
    node = Operation(Kind.CONDITION, ">", (entry, limit))
    sketch = Sketch("comparison", "", node, operator=">", operands=(("position.entry_price", entry), ("100", limit)))

    def at(position: dict[str, float]) -> Part:
        return BarValues(sample(), {}, lambda node: None, {}, 5, position).part(sketch)

    assert at({"entry_price": 110.0}).truth is True
    assert at({"entry_price": 90.0}).truth is False
    assert at({}).unknown == "position.entry_price is na"
