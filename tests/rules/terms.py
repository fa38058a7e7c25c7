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


_HELD = st.sampled_from([r.position(name) for name in r.POSITION])
_PLAIN_ONE = ("math.abs", "math.sqrt", "math.floor", "math.ceil", "math.sign", "math.round")


@st.composite
def held_numbers(draw: DrawFn, depth: int) -> r.Term:  # noqa: PLR0911 - one line for each kind of expression
    """Make a number that may depend on the position."""
    kind = draw(st.integers(0, 9)) if depth else draw(st.integers(0, 2))
    below = depth - 1
    if kind <= 1:
        return draw(_HELD)
    if kind == 9:
        return r.rounded(draw(held_numbers(below)), draw(st.integers(-1, 6)))
    if kind == 2:
        return draw(numbers(1))
    if kind == 3:
        return r.negative(draw(held_numbers(below)))
    if kind == 4:
        return r.call(draw(st.sampled_from(_PLAIN_ONE)), draw(held_numbers(below)))
    if kind == 5:
        name = draw(st.sampled_from(["math.max", "math.min", "math.avg"]))
        count = 2 if name == "math.avg" else draw(st.integers(2, 4))
        return r.call(name, *[draw(held_numbers(below)) for _ in range(count)])
    if kind == 6:
        return r.nz(draw(held_numbers(below)), draw(held_numbers(below)))
    if kind == 7:
        return r.choice(draw(held_conditions(below)), draw(held_numbers(below)), draw(held_numbers(below)))
    return r.arithmetic(draw(st.sampled_from("+-*/%")), draw(held_numbers(below)), draw(held_numbers(below)))


@st.composite
def held_conditions(draw: DrawFn, depth: int) -> r.Term:  # noqa: PLR0911 - one line for each kind of expression
    """Make a condition that may depend on the position."""
    kind = draw(st.integers(0, 8)) if depth > 0 else 8
    below = depth - 1
    if kind == 0:
        return draw(conditions(1))
    if kind == 1:
        return r.na(draw(held_numbers(below)))
    if kind == 2:
        return r.both(draw(held_conditions(below)), draw(held_conditions(below)))
    if kind == 3:
        return r.either(draw(held_conditions(below)), draw(held_conditions(below)))
    if kind == 4:
        return r.negated(draw(held_conditions(below)))
    if kind == 5:
        return r.choice(draw(held_conditions(below)), draw(held_conditions(below)), draw(held_conditions(below)))
    if kind == 6:
        return r.same(draw(st.sampled_from(["==", "!="])), draw(held_conditions(below)), draw(held_conditions(below)))
    if kind == 7:
        return r.nz(draw(held_conditions(below)), draw(held_conditions(below)))
    operators = draw(st.lists(st.sampled_from(draw(st.sampled_from(_ORDERS))), min_size=1, max_size=3))
    return r.comparison(operators, [draw(held_numbers(max(0, below))) for _ in range(len(operators) + 1)])


HELD_TERMS = st.one_of(held_numbers(3), held_conditions(3))
TERMS = st.one_of(numbers(4), conditions(4))

_cell = st.one_of(st.none(), NUMBERS, st.floats(-1e6, 1e6, allow_nan=False))


def _tables(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, list[float | None]]]:
    return st.integers(1, 8).flatmap(
        lambda n: st.fixed_dictionaries({name: st.lists(_cell, min_size=n, max_size=n) for name in names})
    )


TABLES = _tables(COLUMNS)
HELD_TABLES = _tables((*COLUMNS, *r.POSITION))
"""Candles, and beside them the fields of the position."""
