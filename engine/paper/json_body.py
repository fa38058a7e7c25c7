"""The bytes of a request as one JSON object, and nothing that two readers could read differently."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import NoReturn

from engine.errors import InvalidInputError

_DEEPEST = 500


def parse_object(body: bytes) -> dict[str, object]:
    """Read an object. Errors: InvalidInputError for everything that is not exactly one, in UTF-8, without repeats."""
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
        _check_depth(document)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise InvalidInputError("the body is not UTF-8") from None
    except UnicodeEncodeError:
        raise InvalidInputError("the body holds half a surrogate pair") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"the body is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise InvalidInputError("the body is nested too deeply") from None
    except ValueError as error:  # a number of over 4300 digits
        raise InvalidInputError(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInputError("the body is not a JSON object")
    return document


def _check_depth(document: object) -> None:
    """Refuse deep nesting by a measure of our own, as Python's differs by version. Errors: RecursionError."""
    level = [document]
    for _ in range(_DEEPEST):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [
            value
            for values in inner
            if not isinstance(values, str) and isinstance(values, Iterable)
            for value in values
        ]
        if not level:
            return
    raise RecursionError


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"the body has '{twice}' twice")
    return document


def _no_constant(name: str) -> NoReturn:
    raise InvalidInputError(f"the body is not JSON: {name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidInputError(f"the body holds {text[:40]}, which is too large a number")
    return value
