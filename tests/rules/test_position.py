from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from engine.errors import InvalidDocumentError, InvalidExpressionError, InvalidInputError
from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import Plan, read_rule
from engine.rules.explain import Explainer
from engine.rules.fingerprint import fingerprint
from engine.rules.position import FIELDS, PositionField
from engine.rules.programs import MOST_INSTRUCTIONS
from engine.rules.single import evaluate_text, plan_text
from tests.rules import reference as r
from tests.rules.files import errors_of, rule_with, spoilt
from tests.rules.stack import run
from tests.rules.terms import HELD_TABLES, HELD_TERMS
from tests.rules.test_language import bars_of

HOUR = Timeframe(1, "h")
HELD = "position.bars > ta.sma(volume, 3) or (close > open and position.profit_percent < -2 * ta.atr(5))"


def sample(count: int) -> Bars:
    return sample_bars("BTC/USDT:USDT", HOUR, SAMPLE_START_MS, count)


def values_of(plan: Plan, bars: Bars, position: dict[str, list[float | None]]) -> list[r.Value]:
    """Give the plan's value on every bar as the machine has it: a constant, a column, or what a program comes to."""
    columns = plan.columns(bars)
    if "value" in plan.constants:
        found = [plan.constants["value"]] * len(bars)
    elif "value" in columns:
        found = columns["value"].tolist()
    else:
        found = [run(plan.programs["value"], columns, position, i) for i in range(len(bars))]
    if plan.outputs["value"].kind is Kind.CONDITION:
        return [{TRUE: True, FALSE: False, UNKNOWN: None}[int(v)] for v in found]
    return [None if math.isnan(v) else v for v in found]


@given(HELD_TERMS, HELD_TABLES)
@settings(max_examples=300, deadline=None)
def test_programs_mean_what_the_reference_says(term: r.Term, table: dict[str, list[float | None]]) -> None:
    """On every bar, for any position, what a program comes to is what the plain interpreter says of the expression."""
    position = {name: table[name] for name in r.POSITION}
    reference_bars = r.Bars(table, position)
    expected = [term.at(reference_bars, i) for i in range(len(table["close"]))]
    assert values_of(plan_text(term.text), bars_of(table), position) == expected, term.text


def test_the_fields_are_those_that_the_machine_numbers() -> None:
    """The five fields stand in programs by the number that the machine knows them by."""
    assert [field.value for field in PositionField] == [0, 1, 2, 3, 4]
    assert {name.partition(".")[2] for name in FIELDS} == set(r.POSITION)
    for name, field in FIELDS.items():
        assert plan_text(name).programs == {"value": (("position", field),)}


def test_functions_of_many_become_steps_of_two() -> None:
    """The greatest of three is taken twice; an average is a sum, divided. The parts are columns, each once."""
    plan = plan_text("math.max(position.bars, close, close, 3) + math.avg(position.bars, close, hl2)")
    assert plan.programs["value"] == (
        ("position", PositionField.BARS),
        ("column", "part 0"),
        ("operation", "math.max"),
        ("column", "part 0"),
        ("operation", "math.max"),
        ("number", 3.0),
        ("operation", "math.max"),
        ("position", PositionField.BARS),
        ("column", "part 0"),
        ("operation", "+"),
        ("column", "part 1"),
        ("operation", "+"),
        ("number", 3.0),
        ("operation", "/"),
        ("operation", "+"),
    )
    assert sorted(plan.columns(sample(5))) == ["part 0", "part 1"]


def test_only_what_needs_the_position_is_left_to_the_program() -> None:
    """The largest parts without the position are columns, conditions too; they count for the warm-up."""
    plan = plan_text("position.side != 0 ? close > ta.sma(close, 50) and close > open : ta.crossover(close, open)")
    assert [instruction[0] for instruction in plan.programs["value"]] == [
        *("position", "number", "operation", "column", "column", "operation")
    ]
    assert {str(column.dtype) for column in plan.columns(sample(60)).values()} == {"int8"}
    assert plan.warmup == 49
    assert plan.evaluate(sample(60)) == {}
    assert plan.constants == {}


def test_what_does_not_matter_is_no_program() -> None:
    """A condition that settles it leaves a constant, or a column."""
    assert plan_text("false and position.side > 0").constants == {"value": FALSE}
    assert plan_text("true ? close : position.bars").programs == {}


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("position.bars[1]", 1, "and [ ] cannot"),
        ("ta.ema(close + position.side, 3)", 8, "and ta.ema cannot"),
        ("ta.barssince(position.side == 1)", 14, "and ta.barssince cannot"),
        ("math.sum(position.side, 3)", 10, "and math.sum cannot"),
        ("fixnan(position.entry_price)", 8, "and fixnan cannot"),
        ("pandas_ta.sma(close=position.entry_price, length=3)", 21, "and pandas_ta.sma cannot"),
        ("math.cos(position.bars)", 10, "and math.cos cannot"),
        ("hour(position.bars)", 6, "and hour cannot"),
        ('request.security("", "4h", position.side)', 28, "no meaning on other candles"),
        ("ta.sma(close, position.bars)", 15, "'length' takes"),
        ("close[position.bars]", 7, "a whole number of bars"),
        ("position.size", 1, "unknown name 'position.size'"),
        ("position", 1, "'position' is no value by itself"),
    ],
)
def test_what_looks_back_cannot_take_the_position(text: str, at: int, said: str) -> None:
    """History and every function that looks back refuse it, at the argument that depends on it."""
    with pytest.raises(InvalidExpressionError) as refused:
        plan_text(text)
    (problem,) = refused.value.problems
    assert said in problem.message
    assert problem.column == at


def test_an_expression_by_itself_has_no_position() -> None:
    """Candles alone have no position: it is said so."""
    with pytest.raises(InvalidInputError, match=r"position\.\* is for rule files"):
        evaluate_text("position.bars > 3", sample(5))


def test_a_program_is_bounded() -> None:
    """What would be a program without end, or without room, is refused; what stands just inside is taken."""
    doubled = "".join(f"  v{i}: v{i + 1} + v{i + 1}\n" for i in range(60)) + "  v60: position.bars\n"
    assert (
        "steps"
        in errors_of(spoilt(("ta.crossover(fast_ma, slow_ma)", "v0 > 1"), ("define:\n", f"define:\n{doubled}")))
        .problems[0]
        .message
    )
    deep = "".join(f"  v{i}: 1 + v{i + 1}\n" for i in range(40)) + "  v40: position.bars\n"
    text = spoilt(("ta.crossover(fast_ma, slow_ma)", "v0 > 1"), ("define:\n", f"define:\n{deep}"))
    assert "at a time" in errors_of(text).problems[0].message
    leaves = "".join(f"\n      - position.bars + position.side + close != {i}" for i in range(80))
    text = spoilt(("ta.crossover(fast_ma, slow_ma)", f"\n    all:{leaves}"))
    assert "steps" in errors_of(text).problems[0].message
    long = " + ".join(["position.bars"] * (MOST_INSTRUCTIONS // 2 - 1))
    assert len(rule_with(f"{long} > 1").plan().programs["long.enter"]) == MOST_INSTRUCTIONS - 1
    with pytest.raises(InvalidDocumentError):
        rule_with(f"{long} + position.bars > 1")


def test_where_the_position_may_stand() -> None:
    """Conditions, sizes, prices, the log, and levels set anew may use it; what the signal settles may not."""
    held = """\
take_profit: {price: position.entry_price + 2, every_bar: true}
max_bars: "position.profit_percent < 0 ? 5 : 10"
cooldown: {bars: "position.side == 0 ? 3 : 1"}
limits: {drawdown: {percent: "position.side == 0 ? 10 : 20"}}
delay_seconds: "position.side == 0 ? 0 : 5"
log: "{position.profit_percent} %"
order:
  type: stop
  price: "position.side == 0 ? high : close"
  expire_bars: "position.side == 0 ? 3 : 1"
  cancel: position.bars > 3
  size: {fixed: "position.side == 0 ? 2 : 1"}
"""
    good = spoilt(("order: {type: market, size: {percent: 25}}", held), ("ta.crossunder(fast_ma, slow_ma)", HELD))
    assert set(read_rule(good, "rule").plan().programs) == {
        *("long.exit", "long.cancel", "long.size", "long.price", "long.expire_bars"),
        *("long.take_profit.0", "long.max_bars", "cooldown.bars", "limits.drawdown", "delay_seconds", "log.0"),
    }
    for field in (
        *("stop_loss: {percent: position.bars}", "trailing: {percent: position.bars}"),
        *("break_even: {after: {percent: position.bars}}", "take_profit: {ticks: position.bars}"),
        "trailing: {percent: 1, start: {percent: position.bars}}",
        "take_profit: [{percent: 1, every_bar: true, close_percent: position.bars}]",
    ):
        (problem,) = errors_of(spoilt(("order: {", f"{field}\norder: {{"))).problems
        assert problem.message == "this depends on the position, and is settled by the signal, before there is one"


def test_why_tells_of_the_position_and_of_what_acts() -> None:
    """An explanation has the fields' values, and what acted: with the sessions that stand elsewhere in the file."""
    text = spoilt(
        ("ta.crossover(fast_ma, slow_ma)", "position.side == 0 and close > 0"),
        ("order: {", "sessions: {hours: 09:00-17:00}\norder: {"),
    )
    over = Explainer.of(read_rule(text, "rule"), symbol="X").over(sample(100))
    night, day = over.at(50, {"side": 0.0}), over.at(60, {"side": 0.0})
    assert [e.acts for e in (night.conditions[0], day.conditions[0])] == [False, True]
    assert [e.condition.truth for e in (night.conditions[0], day.conditions[0])] == [True, True]
    assert over.at(60, {"side": 1.0}).conditions[0].acts is False
    assert over.at(60).conditions[0].acts is None


def test_the_fingerprint_passes_over_it() -> None:
    """Indicators beside the position are part of the fingerprint; the position has no values of its own there."""
    assert [text.partition("(")[0] for text in fingerprint(plan_text(HELD), HOUR)] == ["ta.sma", "ta.atr"]
