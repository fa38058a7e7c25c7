from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidExpressionError
from engine.indicators import FALSE, TRUE, UNKNOWN
from engine.market import Bars, Timeframe
from engine.rules.single import evaluate_text, plan_text
from tests.rules import reference as r
from tests.rules.terms import COLUMNS, TABLES, TERMS


def bars_of(table: dict[str, list[float | None]]) -> Bars:
    columns = [np.array([math.nan if v is None else v for v in table[name]], dtype=np.float64) for name in COLUMNS]
    return Bars(Timeframe(1, "h"), np.arange(len(columns[0]), dtype=np.int64) * 3_600_000, *columns)


def engine_values(text: str, bars: Bars) -> list[r.Value]:
    plan = plan_text(text)
    values = plan.evaluate(bars)["value"]
    if values.dtype == np.int8:
        return [{TRUE: True, FALSE: False, UNKNOWN: None}[v] for v in values.tolist()]
    return [None if math.isnan(v) else v for v in values.tolist()]


@given(TERMS, TABLES)
@settings(max_examples=250, deadline=None)
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
        ("math.round(-2.5)", -2),
        ("math.round(1.25, 1)", 1.3),
        ("math.max(1, 5, 3, 2)", 5),
        ("math.min(4, 2, 3)", 2),
        ("math.max(1, na)", math.nan),
        ("nz(na)", 0),
        ("nz(na, 7)", 7),
        ("nz(na, y=8)", 8),
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
