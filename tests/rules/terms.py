"""Strategies of hypothesis that make expressions together with what they mean."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.rules import reference as r

COLUMNS = r.COLUMNS
NUMBERS = st.sampled_from(
    [0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 1e-10, 1.00000000005, 100.0, -7.25, 1e200, 2.5, 13.887175, 0.125]
)
_ONE = [name for name, (count, _) in r.FUNCTIONS.items() if count == 1]
_TWO = [name for name, (count, _) in r.FUNCTIONS.items() if count == 2]
_CANDLES = [r.column(name) for name in COLUMNS]
_TIMES = [r.BAR_INDEX, r.TIME, r.TIME_CLOSE, *map(r.part, r.PARTS)]
_PLAIN = [*_CANDLES, *_CANDLES, *_TIMES, r.NA]
_ORDERS = [("<", "<=", ">", ">="), ("==", "!=")]


@st.composite
def numbers(draw: DrawFn, depth: int) -> r.Term:  # noqa: C901, PLR0911 - one line for each kind of expression
    """Make an expression that is a number."""
    kind = draw(st.integers(0, 12)) if depth else draw(st.integers(0, 2))
    below = depth - 1
    if kind == 0:
        return r.number(draw(NUMBERS))
    if kind <= 2:
        return draw(st.sampled_from(_PLAIN))
    if kind == 3:
        return r.negative(draw(numbers(below)))
    if kind == 4:
        return r.call(draw(st.sampled_from(_ONE)), draw(numbers(below)))
    if kind == 5:
        return r.call(draw(st.sampled_from(_TWO)), draw(numbers(below)), draw(numbers(below)))
    if kind == 6:
        return r.nz(draw(numbers(below)), draw(numbers(below)))
    if kind == 7:
        return r.history(draw(numbers(below)), draw(st.integers(0, 4)))
    if kind == 8:
        return r.choice(draw(conditions(below)), draw(numbers(below)), draw(numbers(below)))
    if kind == 9:
        return r.rounded(draw(numbers(below)), draw(st.integers(-1, 6)))
    if kind == 10:
        return r.total(draw(numbers(below)), draw(st.integers(1, 4)))
    if kind == 11:
        return r.fixnan(draw(numbers(below)))
    if kind == 12:
        several = draw(st.lists(numbers(below), min_size=3, max_size=4))
        return r.call(draw(st.sampled_from(r.MANY)), *several)
    return r.arithmetic(draw(st.sampled_from("+-*/%")), draw(numbers(below)), draw(numbers(below)))


@st.composite
def conditions(draw: DrawFn, depth: int) -> r.Term:  # noqa: PLR0911 - one line for each kind of expression
    """Make an expression that is a condition."""
    kind = draw(st.integers(0, 12)) if depth else 0
    below = depth - 1
    if kind == 0:
        return r.truth(draw(st.booleans()))
    if kind == 1:
        return r.na(draw(numbers(below)))
    if kind == 2:
        return r.both(draw(conditions(below)), draw(conditions(below)))
    if kind == 3:
        return r.either(draw(conditions(below)), draw(conditions(below)))
    if kind == 4:
        return r.negated(draw(conditions(below)))
    if kind == 5:
        return r.choice(draw(conditions(below)), draw(conditions(below)), draw(conditions(below)))
    if kind == 6:
        return r.history(draw(conditions(below)), draw(st.integers(0, 4)))
    if kind == 7:
        return r.same(draw(st.sampled_from(["==", "!="])), draw(conditions(below)), draw(conditions(below)))
    if kind == 8:
        return r.nz(draw(conditions(below)), draw(conditions(below)))
    if kind == 9:
        return r.fixnan(draw(conditions(below)))
    if kind == 10:
        return r.na(draw(conditions(below)))
    operators = draw(st.lists(st.sampled_from(draw(st.sampled_from(_ORDERS))), min_size=1, max_size=3))
    return r.comparison(operators, [draw(numbers(below)) for _ in range(len(operators) + 1)])


TERMS = st.one_of(numbers(4), conditions(4))

_cell = st.one_of(st.none(), NUMBERS, st.floats(-1e6, 1e6, allow_nan=False))
TABLES = st.integers(1, 8).flatmap(
    lambda n: st.fixed_dictionaries({name: st.lists(_cell, min_size=n, max_size=n) for name in COLUMNS})
)
