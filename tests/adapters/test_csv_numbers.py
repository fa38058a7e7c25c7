"""Numbers out of the bytes of a CSV, against Python's own reading of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.csv_numbers import numbers_in

DIGITS = st.text("0123456789", max_size=25)
WRITTEN = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    DIGITS,
    st.sampled_from(["", "."]),
    DIGITS,
    st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from(["e", "E-", "e+", "e-0"]), st.integers(0, 400))),
)
NUMBERS = st.one_of(WRITTEN, st.floats(allow_nan=False, allow_infinity=False).map(repr), st.just("9007199254740993"))


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@settings(deadline=None)  # the first call may compile
@given(st.lists(NUMBERS.filter(is_number), min_size=1, max_size=30), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_every_number_is_read_as_python_reads_it(texts: list[str], line_end: str) -> None:
    """However many digits, wherever the point, whatever exponent: the bits are those of float()."""
    body = "head\n" + line_end.join(f"{text},x{text},7" for text in texts)
    table = numbers_in(body.encode(), 5, 3, [2, 0])
    assert table is not None
    assert table[1].view(np.int64).tolist() == np.array([float(text) for text in texts]).view(np.int64).tolist()
    assert table[0].tolist() == [7.0] * len(texts)


@settings(deadline=None)
@given(st.text("0123456789.eE+-", max_size=6).filter(lambda text: not is_number(text)))
def test_what_is_no_number_to_python_is_none_here(text: str) -> None:
    """No text of digits, signs, points and exponents is taken for a number that float() refuses."""
    assert numbers_in(f"1,{text},3\n".encode(), 0, 3, [0, 1, 2]) is None


@pytest.mark.parametrize(
    "body",
    [
        "1,2",
        "1,2,3,4",
        "1,2,3\n1,2",
        "1,nan,3",
        "1,2, 3",
        "1,1_0,3",
        '1,2,"3"',
        "1,2,3\r1,2,3",
        '"x",2,3',
        "é,2,3",
        " \n",
    ],
)
def test_a_table_that_is_otherwise_is_left_to_others(body: str) -> None:
    """Rows of another length, words, quotes, spaces and other alphabets are not read here."""
    assert numbers_in(body.encode(), 0, 3, [1, 2]) is None


def test_an_empty_table_has_no_rows() -> None:
    """No bytes, or blank lines alone, give columns of no length."""
    for body in (b"", b"\n\r\n\n"):
        table = numbers_in(body, 0, 3, [0, 1])
        assert table is not None
        assert table.shape == (2, 0)
