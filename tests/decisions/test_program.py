"""What depends on the position: the compiled stack machine against the plain interpreter of expressions."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.inputs import numbers_of
from engine.decisions.program import run_program
from engine.decisions.records import POSITION
from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.rules import Plan
from engine.rules.single import plan_text
from tests.rules import reference as r
from tests.rules.terms import HELD_TERMS, TABLES
from tests.rules.test_language import bars_of

STATES = st.tuples(
    st.sampled_from([-1, 0, 1]), st.sampled_from([0.5, 3.0, 100.0]), st.integers(0, 5), st.sampled_from([-2, 0, 1, 7])
)


@numba.njit
def come_to(numbers: Any, row: int, position: Any, close: float) -> float:
    """Run the only program there is."""
    return run_program(numbers, 0, row, position[0], close)


def record(state: tuple[int, float, int, int]) -> Any:
    """Give the machine's record of a position; without one, what is left in it is of no account."""
    position = np.zeros(1, dtype=POSITION)
    position["side"], position["entry_price"], position["bars"], position["bars_since_exit"] = state
    return position


def fields(state: tuple[int, float, int, int], close: float | None) -> dict[str, float | None]:
    """Give the same in the words of expressions."""
    side, entry, bars, since = state
    profit = None if close is None or not side else 100.0 * side * (close / entry - 1.0)
    return {
        "side": float(side),
        "entry_price": entry if side else None,
        "bars": float(bars) if side else None,
        "profit_percent": profit,
        "bars_since_exit": float(since) if since >= 0 else None,
    }


def as_column(plan: Plan) -> Plan:
    """Give the plan under the name of a number of the machine's, or of a condition."""
    name = "long.enter" if plan.outputs["value"].kind is Kind.CONDITION else "long.size"
    return Plan.of({name: plan.outputs["value"]})


@given(HELD_TERMS, TABLES, st.lists(STATES, min_size=8, max_size=8))
@settings(max_examples=150, deadline=None)
def test_the_compiled_program_means_what_the_reference_says(
    term: r.Term, table: dict[str, list[float | None]], states: list[tuple[int, float, int, int]]
) -> None:
    """For any position at any close, to the bit; na and unknown included."""
    bars, plan = bars_of(table), as_column(plan_text(term.text))
    if not plan.programs:
        return
    held = [fields(state, close) for state, close in zip(states, table["close"], strict=False)]
    reference = r.Bars(table, {name: [one[name] for one in held] for name in r.POSITION})
    numbers = numbers_of(plan, plan.columns(bars), len(bars))
    condition = "long.enter" in plan.programs
    for i in range(len(bars)):
        found = come_to(numbers, i, record(states[i]), float(bars.close[i]))
        expected = term.at(reference, i)
        if condition:
            assert {TRUE: True, FALSE: False, UNKNOWN: None}[int(found)] is expected, (term.text, i)
        else:
            assert (None if math.isnan(found) else found) == expected, (term.text, i)
