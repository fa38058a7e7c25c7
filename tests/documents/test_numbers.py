from __future__ import annotations

import pytest
from pydantic import BaseModel

from engine.documents import Source, parse, validate
from engine.documents.numbers import DecimalNumber, Fact, FilledNumber, FilledTruth, FilledWhole, Number
from engine.errors import InvalidDocumentError


class _Kinds(BaseModel):
    number: Number = 0.0
    decimal: DecimalNumber | None = None
    fact: Fact = None
    filled: FilledNumber = 0.0
    whole: FilledWhole = 0
    truth: FilledTruth = False


def _read(text: str) -> _Kinds:
    source = Source("x.yaml", text)
    return validate(parse(source), _Kinds, source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number: true", "number: expected a number, not true"),
        ("number: '12'", "number: expected a number, not the text '12'"),
        ("decimal: false", "decimal: expected a number, not false"),
        ("fact: true", "fact: expected a number, not true"),
        ("filled: true", "filled: expected a number, not true"),
        ("whole: true", "whole: expected a number, not true"),
        ("truth: 1", "truth: expected true or false, not 1"),
        ("truth: yes", "truth: expected true or false, not the text 'yes'"),
    ],
)
def test_what_is_no_number_is_not_taken_for_one(text: str, message: str) -> None:
    """Truths, texts and numbers are not silently made into each other."""
    with pytest.raises(InvalidDocumentError, match=message):
        _read(text)


def test_what_variables_fill_may_be_a_text() -> None:
    """A text of digits, or of true and false, stands for what it says where variables of the environment may stand."""
    read = _read("{filled: '1.5', whole: '3', truth: 'true', decimal: '0.01', number: 2, fact: abc}")
    assert (read.filled, read.whole, read.truth, str(read.decimal)) == (1.5, 3, True, "0.01")
