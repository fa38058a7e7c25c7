"""The numbers that a rule states, as they are at a close."""

from __future__ import annotations

from engine.decisions.compiled import step
from engine.decisions.fields import SIDE_FIELDS
from engine.decisions.inputs import Numbers
from engine.decisions.program import run_program
from engine.decisions.settings import Record


@step
def number(numbers: Numbers, field: int, row: int, p: Record, close: float) -> float:
    """Give a number of the rule at the close of its bar `row`; na where it has none."""
    place = numbers.where[field]
    if place == -1:
        return float(numbers.constants[field])
    if place >= 0:
        return float(numbers.table[place, row])
    return run_program(numbers, -2 - place, row, p, close)


@step
def side_field(side: int, field: int) -> int:
    """Give the place of a side's number."""
    return field if side > 0 else field + SIDE_FIELDS
