"""Numbers and truths that are such where they are written: true is not 1, 0 not false, and "12" in quotes a text."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError


def _no_truth(value: object) -> object:
    """Give the value; refused if it is true or false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


def _no_text(value: object) -> object:
    if isinstance(value, str):
        raise PydanticKnownError("float_type")
    return _no_truth(value)


def _a_truth(value: object) -> object:
    if isinstance(value, bool) or value in ("true", "false"):
        return value
    raise PydanticKnownError("bool_type")


Number = Annotated[float, BeforeValidator(_no_text)]
DecimalNumber = Annotated[Decimal, BeforeValidator(_no_truth)]
"""A text that is a number counts too: it is so on the command line, and loses nothing."""
Fact = Annotated[int | float | str | None, BeforeValidator(_no_truth)]
# In a config a text may be a number: variables from the environment are texts.
FilledNumber = Annotated[float, BeforeValidator(_no_truth)]
FilledWhole = Annotated[int, BeforeValidator(_no_truth)]
# Bounded before they are validated: beside None, a bound around the validator is lost in the JSON Schema.
FilledPositive = Annotated[float, Field(gt=0), BeforeValidator(_no_truth)]
FilledPercent = Annotated[float, Field(gt=0, le=100), BeforeValidator(_no_truth)]
FilledCount = Annotated[int, Field(ge=1), BeforeValidator(_no_truth)]
FilledTruth = Annotated[bool, BeforeValidator(_a_truth)]
