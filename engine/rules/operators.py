"""All that works bar by bar: the operators, `na` and `nz`, and the functions of `math` and of the calendar."""

from __future__ import annotations

import numpy as np

from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.rules.calendar_parts import CALENDAR
from engine.rules.comparison import compare, compare_level
from engine.rules.mathematics import MATHEMATICS
from engine.rules.operation import Operation, Value, numeric

_N, _C = Kind.SERIES, Kind.CONDITION


def _truth(true: Value) -> Value:
    return np.where(true, np.int8(TRUE), np.int8(FALSE))


def _comparison(below: int, within: int, above: int) -> Operation:
    def compute(a: Value, b: Value) -> Value:
        if isinstance(a, np.ndarray) and a.ndim:
            if isinstance(b, np.ndarray) and b.ndim:
                return compare(a, b, below, within, above)
            return compare_level(a, float(b), below, within, above)
        if isinstance(b, np.ndarray) and b.ndim:
            return compare_level(b, float(a), above, within, below)
        return int(compare_level(np.array([a], dtype=np.float64), float(b), below, within, above)[0])

    return Operation((_N, _N), _C, compute)


def _same_truth(*, same: bool) -> Operation:
    """Give `==` or `!=` of two conditions; where one of them is unknown, so is it."""

    def compute(a: Value, b: Value) -> Value:
        known = np.not_equal(a, UNKNOWN) & np.not_equal(b, UNKNOWN)
        return np.where(known, _truth(np.equal(a, b) == same), np.int8(UNKNOWN))

    return Operation((_C, _C), _C, compute)


def _select(kind: Kind, unknown: float) -> Operation:
    def compute(condition: Value, if_true: Value, if_false: Value) -> Value:
        chosen = np.where(np.equal(condition, TRUE), if_true, if_false)
        result = np.where(np.equal(condition, UNKNOWN), unknown, chosen)
        return result.astype(np.float64 if kind is _N else np.int8)

    return Operation((_C, kind, kind), kind, compute)


def _nz(value: Value, instead: Value) -> Value:
    return np.where(np.isnan(value), instead, value)


def _nz_condition(value: Value, instead: Value) -> Value:
    return np.where(np.equal(value, UNKNOWN), instead, value).astype(np.int8)


OPERATIONS: dict[str, Operation] = {
    "+": numeric(np.add, "a", "b"),
    "-": numeric(np.subtract, "a", "b"),
    "*": numeric(np.multiply, "a", "b"),
    "/": numeric(np.divide, "a", "b"),
    "%": numeric(np.fmod, "a", "b"),
    "negative": numeric(np.negative, "a"),
    "<": _comparison(TRUE, FALSE, FALSE),
    ">": _comparison(FALSE, FALSE, TRUE),
    "<=": _comparison(TRUE, TRUE, FALSE),
    ">=": _comparison(FALSE, TRUE, TRUE),
    "==": _comparison(FALSE, TRUE, FALSE),
    "!=": _comparison(TRUE, FALSE, TRUE),
    "== condition": _same_truth(same=True),
    "!= condition": _same_truth(same=False),
    "and": Operation((_C, _C), _C, np.minimum),
    "or": Operation((_C, _C), _C, np.maximum),
    "not": Operation((_C,), _C, lambda a: np.subtract(np.int8(TRUE), a)),
    "if number": _select(_N, np.nan),
    "if condition": _select(_C, UNKNOWN),
    "na": Operation((_N,), _C, lambda a: _truth(np.isnan(a)), ("x",)),
    "na condition": Operation((_C,), _C, lambda a: _truth(np.equal(a, UNKNOWN)), ("x",)),
    "nz": Operation((_N, _N), _N, _nz, ("source", "replacement"), (0.0,)),
    "nz condition": Operation((_C, _C), _C, _nz_condition, ("source", "replacement"), (FALSE,)),
    **MATHEMATICS,
    **CALENDAR,
}

__all__ = ["OPERATIONS", "Operation", "Value"]
