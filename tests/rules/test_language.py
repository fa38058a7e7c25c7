from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidDocumentError, InvalidExpressionError
from engine.indicators import FALSE, TRUE, UNKNOWN
from engine.market import Bars, Timeframe
from engine.rules.lookback import window_sum
from engine.rules.single import evaluate_text, plan_text
from tests.rules import reference as r
from tests.rules.files import rule_with
from tests.rules.terms import COLUMNS, TABLES, TERMS


def bars_of(table: dict[str, list[float | None]]) -> Bars:
    columns = [np.array([math.nan if v is None else v for v in table[name]], dtype=np.float64) for name in COLUMNS]
    return Bars(Timeframe(1, "h"), np.array([r.time_of(i) for i in range(len(columns[0]))], dtype=np.int64), *columns)


def engine_values(text: str, bars: Bars) -> list[r.Value]:
    plan = plan_text(text)
    values = plan.evaluate(bars)["value"]
    if values.dtype == np.int8:
        return [{TRUE: True, FALSE: False, UNKNOWN: None}[v] for v in values.tolist()]
    return [None if math.isnan(v) else v for v in values.tolist()]


@given(TERMS, TABLES)
@settings(max_examples=150, deadline=None)
def test_every_expression_means_what_the_reference_says(term: r.Term, table: dict[str, list[float | None]]) -> None:
    """On every bar, the plan gives the very value of a plain bar-by-bar interpreter, na and unknown included."""
    table_bars = r.Bars(table)
    expected = [term.at(table_bars, i) for i in range(len(table["close"]))]
    assert engine_values(term.text, bars_of(table)) == expected, term.text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("2 - 3 - 4", -5),
        ("2 * 3 % 4", 2),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("-2[1] + 1", -1),
        ("1 < 2 == 3", None),
        ("1 / 0", math.nan),
        ("0 / 0", math.nan),
        ("math.sqrt(-1)", math.nan),
        ("math.log(0)", math.nan),
        ("1e300 * 1e300", math.nan),
        ("math.round(2.5)", 3),
        ("math.round(-2.5)", -3),
        ("math.round(1.25, 1)", 1.3),
        ("math.round(0.15, 1)", 0.2),
        ("math.round(2.345, precision=2)", 2.35),
        ("math.round(1234.5, -2)", 1235),
        ("math.round(4503599627370497)", 4503599627370497),
        ("math.round(na)", math.nan),
        ("math.round(1.5, na)", math.nan),
        ("math.round_to_mintick(2.5)", 3),
        ("syminfo.mintick", 1),
        ("math.pow(base=2, exponent=10)", 1024),
        ("math.pow(-8, 1 / 3)", math.nan),
        ("math.acos(2)", math.nan),
        ("math.avg(1, 2, 4, 5)", 3),
        ("math.max(1, 2, number2=9)", 9),
        ("math.sum(2, 1)", 2),
        ("fixnan(na)", math.nan),
        ("fixnan(5)", 5),
        ("na(1 > na) ? 1 : 2", 1),
        ("nz(1 > na) ? 1 : 2", 2),
        ("nz(1 > na, true) ? 1 : 2", 1),
        ("(1 > 2) == false ? 1 : 2", 1),
        ("(1 > 2) != (2 > 1) ? 1 : 2", 1),
        ("(1 > na) == (1 > na) ? 1 : 2", math.nan),
        ("na(true ? na : 1 > 2) ? 1 : 2", 1),
        ("(close > 0 ? true : na) ? 1 : 2", 1),
        ("dayofweek.sunday + dayofweek.saturday", 8),
        ("timestamp(2024, 1, 31, 12, 30, 15) - timestamp(2024, 1, 31)", 45_015_000),
        ("timestamp(2024, 5, 32) == timestamp(2024, 6, 1) ? 1 : 2", 1),
        ("timestamp(2023, 14, 1) == timestamp('2024-02-01') ? 1 : 2", 1),
        ("timestamp('2024-01-01T02:00+02:00') / 1000", 1_704_067_200),
        ("timestamp(1e300, 1, 1)", math.nan),
        ("hour(timestamp(2024, 7, 1, 12), 'America/New_York')", 8),
        ("hour(timestamp(2024, 1, 1, 12), 'America/New_York')", 7),
        ("minute(timestamp(2024, 1, 1), 'GMT+0530')", 30),
        ("dayofmonth(timestamp(2024, 1, 1), 'UTC-1')", 31),
        ("year(na)", math.nan),
        ("hour(1e300)", math.nan),
        ("hour(1e300, 'GMT+1')", math.nan),
        ("weekofyear(timestamp(2021, 1, 3))", 53),
        ("dayofweek(timestamp(1969, 12, 31)) == dayofweek.wednesday ? 1 : 2", 1),
        ("timeframe.multiplier", 60),
        ("timeframe.isintraday and not timeframe.isdwm ? 1 : 2", 1),
        ("math.max(1, 5, 3, 2)", 5),
        ("math.min(4, 2, 3)", 2),
        ("math.max(1, na)", math.nan),
        ("nz(na)", 0),
        ("nz(na, 7)", 7),
        ("nz(na, replacement=8)", 8),
        ("na(na) ? 1 : 2", 1),
        ("true or 1 > na ? 1 : 2", 1),
        ("false and 1 > na ? 1 : 2", 2),
        ("not (1 > na) ? 1 : 2", math.nan),
        ("1 < 2 < 3 ? 1 : 2", 1),
        ("1 < 2 > 3 ? 1 : 2", 2),
        ("0.1 + 0.2 == 0.3 ? 1 : 2", 1),
        ("1 < 1 + 1e-11 ? 1 : 2", 2),
        ("1e308 > -1e308 ? 1 : 2", 1),
        ("true ? 1 : false ? 2 : 3", 1),
        ("false ? 1 : false ? 2 : 3", 3),
        ("true or false and false ? 1 : 2", 1),
        ("not true or true ? 1 : 2", 1),
        (".5 + 5. + 1e-3", 5.501),
        ("math.pi > 3.14 and math.e < 2.72 ? 1 : 2", 1),
    ],
)
def test_precedence_and_edges_are_those_of_pine(text: str, value: float | None) -> None:
    """Each of these gives exactly this value; None where it is refused."""
    bars = bars_of({name: [1.0] for name in COLUMNS})
    if value is None:
        with pytest.raises(InvalidExpressionError):
            evaluate_text(text, bars)
    else:
        np.testing.assert_equal(evaluate_text(text, bars)[0], value)


_AS_IN_PYTHON = {
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cos": math.cos,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sin": math.sin,
    "tan": math.tan,
}


@given(st.floats(-700, 700))
@settings(max_examples=60, deadline=None)
def test_curves_are_those_of_mathematics(x: float) -> None:
    """Each transcendental function is Python's to 4 units in the last place, and na where that has no value."""
    bars = bars_of({name: [x] for name in COLUMNS})
    for name, function in _AS_IN_PYTHON.items():
        try:
            expected = function(x)
        except ValueError:
            expected = math.nan
        np.testing.assert_allclose(evaluate_text(f"math.{name}(close)", bars), [expected], rtol=1e-15, atol=1e-300)


def test_sums_do_not_drift() -> None:
    """After a million values, and one of them 1e16 times the others, a sum is still exact to 1e-12."""
    close = np.random.default_rng(1).normal(100, 1, 1_000_000)
    close[500_000] = 1e18
    values = window_sum(close, 50)
    np.testing.assert_allclose(values[-1], math.fsum(close[-50:]), rtol=1e-12)
    assert math.isnan(values[48])


def test_the_same_on_every_bar_is_computed_once() -> None:
    """What does not depend on the candles is a constant of the plan, and what it makes needless is not in the plan."""
    for text in ("math.log(2) + math.round(2.5)", "false and close > 1", "1 > 2 ? ta.ema(close, 500) : 3", "fixnan(2)"):
        assert len(plan_text(text).nodes) == 1
    assert plan_text("ta.sma(close, math.round(math.pow(2, 3)))").warmup == 7
    assert plan_text("true and close > 1").outputs == plan_text("close > 1").outputs


@given(TERMS, st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_spaces_and_folding_change_nothing(term: r.Term, blank: int) -> None:
    """Blanks and line ends between tokens leave the plan equal."""
    spaced = term.text.replace(" ", " \n\t "[: blank + 1])
    assert plan_text(spaced).outputs == plan_text(term.text).outputs


def test_no_bars_give_no_values() -> None:
    """On an empty column, every kind of node gives an empty column of its own type."""
    empty = Bars.of(Timeframe(1, "h"), [])
    for text in (
        "1",
        "true",
        "close",
        "close[1]",
        "ta.ema(close, 3)",
        "ta.crossover(close, open)",
        "close > 1 ? 1 : 2",
    ):
        assert len(evaluate_text(text, empty)) == 0


def test_no_call_looks_back_without_end() -> None:
    """A call that would need more candles than there are is refused when it is planned, and so are absurd numbers."""
    with pytest.raises(InvalidExpressionError, match="looks back over more than 1,000,000 candles"):
        plan_text("ta.supertrend(1e5, 14)")
    with pytest.raises(InvalidExpressionError, match="'sigma' takes a number"):
        plan_text("ta.alma(close, 14, 0.85, 1e308)")


def test_the_price_step_is_the_instruments() -> None:
    """`syminfo.mintick` is what a plan is made for, and refused where that is not known, as of another symbol."""
    rule = rule_with("close - open > 2 * syminfo.mintick")
    plans = [rule.plan(mintick=step).outputs["long.enter"] for step in (0.01, 0.5)]
    assert plans[0] == rule.plan().outputs["long.enter"] != plans[1]
    with pytest.raises(InvalidDocumentError, match="the price step"):
        rule.plan(mintick=None)
    plan_text('close > request.security("", "4h", math.round_to_mintick(close))')
    with pytest.raises(InvalidExpressionError, match="use it outside"):
        plan_text('request.security("ETH/USDT", "4h", syminfo.mintick)')
