"""What pydantic finds wrong with a value, in plain words."""

from __future__ import annotations

import re

from pydantic_core import ErrorDetails

_KEYS, _LIST, _TEXT = "expected keys with values below it", "expected a list", "expected a text"
_NUMBER, _WHOLE, _TRUTH = "expected a number", "expected a whole number", "expected true or false"
_EMPTY = "expected something"

_WORDS = {
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "dict_type": _KEYS,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "string_type": _TEXT,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "expected a finite number",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be {le} or less",
    "string_too_short": _EMPTY,
    "too_short": _EMPTY,
}


def plain_words(detail: ErrorDetails) -> str:
    """Say what was expected; "" where a validator of ours has said it in its own words."""
    words = _WORDS.get(detail["type"], "")
    if detail["type"] != "value_error" and not words:
        return str(detail["msg"])
    bounds = {k: f"{v:g}" if isinstance(v, int | float) else v for k, v in detail.get("ctx", {}).items()}
    return words.format(**bounds)


def options(detail: ErrorDetails) -> list[str]:
    """Give the values that would be right, where they are few and known."""
    return re.findall("'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
