from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidDocumentError, InvalidInputError
from engine.indicators import FALSE
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import Rule, read_rule
from engine.rules.log_text import segments
from engine.rules.terms import LevelTerms, SideTerms, Terms
from tests.rules.files import EVERYTHING, errors_of, spoilt

ORDER = "order: {type: market, size: {percent: 25}}"
SHORT = "short:\n  enter: ta.crossunder(fast_ma, slow_ma)\n"


def everything() -> Rule:
    return read_rule(EVERYTHING, "rule.yaml")


def with_fields(*lines: str) -> Rule:
    return read_rule(spoilt((ORDER, "\n".join((*lines, ORDER)))), "rule.yaml")


def test_the_terms_of_every_field() -> None:
    """Each fixed word of a file is a term of its side, the side's own over that of the top."""
    entry_percent = LevelTerms("percent", "entry")
    assert everything().terms == Terms(
        long=SideTerms(
            order_type="limit",
            size_kind="risk_percent",
            oco=True,
            take_profit=(LevelTerms("percent"), LevelTerms("distance", "entry")),
            stop_loss=(LevelTerms("ticks"),),
            trailing=LevelTerms("distance"),
            trailing_start=LevelTerms("ticks", "entry"),
            break_even=entry_percent,
        ),
        short=SideTerms(
            order_type="stop",
            size_kind="fixed",
            oco=True,
            take_profit=(),
            stop_loss=(LevelTerms("price", "signal", every_bar=True),),
            trailing=None,
            trailing_start=None,
            break_even=entry_percent,
        ),
        pyramiding=3,
        cooldown_after="loss",
        watch=Timeframe.parse("5m"),
        delay_filter="slow",
        log=("slow: ", 0, " of {close} ", 1, "%"),
    )


def test_the_outputs_of_every_field() -> None:
    """A plan has every condition, and of the numbers those that the file has, constants folded."""
    plan = everything().plan()
    conditions = [f"{side}.{what}" for side in ("long", "short") for what in ("enter", "exit", "cancel")]
    constants = {
        "long.expire_bars": 4.0,
        "long.take_profit.0": 2.0,
        "long.take_profit.0.close_percent": 50.0,
        "long.stop_loss.0": 500.0,
        "long.trailing.start": 300.0,
        "long.break_even": 1.0,
        "long.size": 1.5,
        "short.break_even": 1.0,
        "short.size": 0.5,
        "short.exit": FALSE,
        "short.cancel": FALSE,
        "cooldown.bars": 3.0,
        "limits.day_loss": 5.0,
        "limits.drawdown": 20.0,
        "delay_seconds": 2.5,
    }
    columns = {"long.enter", "long.cancel", "long.price", "long.take_profit.1", "long.trailing"}
    columns |= {"short.enter", "short.price", "flat", "log.0"}
    assert plan.constants == constants
    assert set(plan.programs) == {"long.exit", "short.stop_loss.0", "short.max_bars", "log.1"}
    assert set(plan.outputs) == {*conditions, "flat", *constants, *columns, *plan.programs}
    bars = sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), SAMPLE_START_MS, 200)
    parts = {key for program in plan.programs.values() for word, key in program if word == "column"}
    found = plan.columns(bars)
    assert set(found) == columns | parts
    for name, column in plan.evaluate(bars).items():
        expected = found[name] if name in found else np.full(len(bars), plan.constants[name])
        np.testing.assert_array_equal(column, expected)
    assert everything().plan({"risk": 3}).constants["long.size"] == 3.0


def test_a_file_without_them_has_the_plain_terms() -> None:
    """Without any of the fields, orders are market orders, one at a time, and nothing else is asked for."""
    rule = with_fields()
    plain = SideTerms("market", "percent", oco=False, take_profit=(), stop_loss=(), trailing=None, trailing_start=None,
                      break_even=None)  # fmt: skip
    assert rule.terms == Terms(plain, None, 1, None, None, None, ())
    assert set(rule.plan().outputs) == {
        *(f"{side}.{what}" for side in ("long", "short") for what in ("enter", "exit", "cancel")), "flat", "long.size"
    }  # fmt: skip


def test_keys_of_an_order_are_taken_one_by_one() -> None:
    """A side's order may change the price alone; all other keys are the top's."""
    text = spoilt(
        (ORDER, "order: {type: limit, price: close * 0.99, size: {percent: 25}}"),
        ("long:", f"{SHORT}  order: {{price: close * 1.01}}\nlong:"),
    )
    plan = read_rule(text, "rule.yaml").plan()
    assert plan.outputs["long.price"] != plan.outputs["short.price"]
    assert plan.constants["short.size"] == plan.constants["long.size"] == 25.0


def test_an_order_may_stand_in_the_sides_alone() -> None:
    """Without one at the top, each side needs a size of its own."""
    sides = (
        ("  exit:", "  order: {size: {percent: 10}}\n  exit:"),
        (ORDER, SHORT + "  order: {size: {notional: 500}}"),
    )
    rule = read_rule(spoilt(*sides), "rule.yaml")
    assert rule.terms.long is not None
    assert rule.terms.short is not None
    assert (rule.terms.long.size_kind, rule.terms.short.size_kind) == ("percent", "notional")
    missing = errors_of(spoilt(sides[0], (ORDER, SHORT + "  order: {type: limit, price: high}")))
    assert [(p.line, p.message) for p in missing.problems] == [(19, "'size' is missing")]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("take_profit: {percent: 0}", "this is 0; it must be above 0"),
        ("stop_loss: {percent: 100}", "this is 100; it must be above 0, and below 100"),
        ("stop_loss: {ticks: -5}", "this is -5; it must be above 0"),
        ("stop_loss: {distance: na}", "this is na; it must be above 0"),
        ("trailing: {percent: 100}", "below 100"),
        ("trailing: {percent: 1, start: {price: 0}}", "above 0"),
        ("break_even: {after: {percent: -1}}", "above 0"),
        ("max_bars: 1.5", "a whole number from 1"),
        ("cooldown: {bars: 0}", "a whole number from 1"),
        ("limits: {day_loss: {percent: 101}}", "at most 100"),
        ("delay_seconds: -1", "from 0 to 86,400"),
        ("delay_seconds: 86401", "from 0 to 86,400"),
    ],
)
def test_constants_are_held_against_their_range(field: str, said: str) -> None:
    """A number that is the same on every bar is refused at its place when the file is read, by way of a name too."""
    (problem,) = errors_of(spoilt((ORDER, f"{field}\n{ORDER}"))).problems
    assert said in problem.message
    assert problem.line == 16


def test_ranges_are_those_of_the_sides_that_there_are() -> None:
    """A take-profit of 150 % is fine above a price and nonsense below it; so it is for a short side alone."""
    assert with_fields("take_profit: {percent: 150}").plan().constants["long.take_profit.0"] == 150.0
    short = spoilt((ORDER, f"take_profit: {{percent: 150}}\n{SHORT}{ORDER}"))
    assert "below 100" in errors_of(short).problems[0].message
    assert with_fields("stop_loss: {percent: 99}").plan().constants["long.stop_loss.0"] == 99.0


def test_parameters_are_checked_with_the_values_that_they_are_given() -> None:
    """A value that a parameter may have, and a field may not, is told when the plan is made."""
    rule = with_fields("max_bars: fast")
    assert rule.plan().constants["long.max_bars"] == 12.0
    with pytest.raises(InvalidDocumentError, match="a whole number from 1"):
        rule.plan({"fast": 12.5})
    with pytest.raises(InvalidInputError, match="unknown parameter 'fats'"):
        rule.plan({"fats": 3})


def test_a_ladder_adds_up() -> None:
    """Shares that are constants by way of names add up too; what is not known stays for the machine."""
    ladder = "take_profit: [{{percent: 1, close_percent: {0}}}, {{percent: 2, close_percent: {1}}}, {{percent: 3}}]"
    assert len(with_fields(ladder.format("fast * 5", 40)).plan().constants) == 11
    (problem,) = errors_of(spoilt((ORDER, f"{ladder.format('fast * 6', 40)}\n{ORDER}"))).problems
    assert problem.message == "these levels close 112 % of the position together, which is more than all of it"
    with_fields(ladder.format("volume", 60))


def test_all_contradictions_are_told_at_once_beside_other_mistakes() -> None:
    """What does not go together is told although something else in the file is wrong too."""
    text = spoilt(
        ("timeframe: 1h", "timeframe: 1hour"),
        (
            ORDER,
            "watch: 2h\nstop_loss: {percent: 2, ticks: 3}\norder: {type: limit, oco: true, size: {risk_percent: 1}}",
        ),
        ("ta.crossunder(fast_ma, slow_ma)", "position.bars[1] > 1"),
    )
    messages = [problem.message for problem in errors_of(text).problems]
    assert [message.partition(":")[0][:40] for message in messages] == [
        "timeframe",
        "this depends on the position, and [ ] ca",
        "stop_loss",
        "a limit order needs a 'price'",
        "'oco' is for two orders that cancel each",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ("plain",)),
        ("{close}", (0,)),
        ("{close}{open}", (0, 1)),
        ("a {close} b", ("a ", 0, " b")),
        ("{{x}} {close}", ("{x} ", 0)),
        ("{{{close}}}", ("{", 0, "}")),
    ],
)
def test_the_text_of_a_log(text: str, expected: tuple[str | int, ...]) -> None:
    """Texts as they are sent, and the numbers of expressions at their places."""
    assert segments(text) == expected


def test_a_log_s_expressions_are_found_at_their_place() -> None:
    """A mistake inside braces is told at its column, behind escapes and other expressions too."""
    (problem,) = errors_of(spoilt((ORDER, f'log: "\\u00e9 {{{{ok}}}} {{close}} {{nope + 1}}"\n{ORDER}'))).problems
    assert (problem.line, problem.message) == (16, "unknown name 'nope'")
    assert problem.source_line[problem.column - 1 :].startswith("nope")
    (problem,) = errors_of(spoilt((ORDER, f"log: 'is {{close > open}}'\n{ORDER}"))).problems
    assert problem.message == "a number is needed here, and this is a condition"
