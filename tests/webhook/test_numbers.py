from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.webhook import number_text, plain, to_step

decimals = st.decimals(allow_nan=False, allow_infinity=False)
floats = st.floats(allow_nan=False, allow_infinity=False)
steps = st.sampled_from(["1", "0.1", "0.01", "0.00001", "0.5", "0.25", "5", "3", "0.003", "1000"]).map(Decimal)


@given(decimals)
def test_the_text_of_a_number_reads_back_as_the_same_number(value: Decimal) -> None:
    """Writing and reading again changes no number."""
    assert Decimal(number_text(value)) == value


@given(decimals)
def test_the_text_is_plain(value: Decimal) -> None:
    """The text has no exponent, no plus, no blank, and no zero that says nothing."""
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", number_text(value))
    assert number_text(value) != "-0"


@given(floats)
def test_a_float_is_read_by_its_shortest_form(value: float) -> None:
    """A float becomes the decimal that Python prints for it, whether it is Python's or numpy's."""
    assert plain(value) == Decimal(repr(value)) == plain(np.float64(value))
    assert float(plain(value)) == value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (9e-05, "0.00009"),
        (1e-05, "0.00001"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (100, "100"),
        (100.0, "100"),
        ("71000.50", "71000.5"),
        (Decimal("9E-5"), "0.00009"),
        (Decimal("1E+2"), "100"),
        (-0.0, "0"),
        (Decimal("-0.00"), "0"),
        (-0.5, "-0.5"),
    ],
)
def test_what_is_written(number: float | str | Decimal, text: str) -> None:
    """Each number is written as the platform reads it."""
    assert number_text(plain(number)) == text


def test_float_noise_goes_with_the_step() -> None:
    """0.1 + 0.2 on a tick of 0.01 is 0.3, not 0.30000000000000004."""
    assert number_text(to_step(0.1 + 0.2, Decimal("0.01"))) == "0.3"


@pytest.mark.parametrize(
    "bad", ["", "abc", "NaN", "Infinity", "1,5", float("nan"), float("inf"), True, "1e99999999999999999999"]
)
def test_no_number_is_refused(bad: float | str) -> None:
    """What is no finite number is a ValueError that shows it."""
    with pytest.raises(ValueError, match="is not a number"):
        plain(bad)


@given(decimals.filter(lambda d: abs(d.adjusted()) < 200), steps)
def test_rounding_gives_the_nearest_multiple(value: Decimal, step: Decimal) -> None:
    """The result is a multiple of the step and at most half a step away, exactly."""
    rounded = Fraction(to_step(value, step))
    assert (rounded / Fraction(step)).denominator == 1
    assert abs(rounded - Fraction(value)) <= Fraction(step) / 2


@given(decimals.filter(lambda d: abs(d.adjusted()) < 200), steps)
def test_rounding_down_never_gives_more(value: Decimal, step: Decimal) -> None:
    """Rounded down, an amount is a multiple of the step, not larger, and less than a step smaller."""
    rounded = Fraction(to_step(value, step, down=True))
    assert (rounded / Fraction(step)).denominator == 1
    assert 0 <= abs(Fraction(value)) - abs(rounded) < Fraction(step)


@pytest.mark.parametrize(("value", "rounded"), [("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("2.50001", "3")])
def test_a_tie_goes_to_the_even_neighbour(value: str, rounded: str) -> None:
    """Half a step goes to the even multiple, so that ties lean to no side."""
    assert to_step(value, Decimal(1)) == Decimal(rounded)


@given(floats)
def test_a_step_of_zero_rounds_nothing(value: float) -> None:
    """Where the step is not known, the number stays as it is."""
    assert to_step(value, Decimal(0)) == plain(value)
