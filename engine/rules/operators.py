"""The operations that work bar by bar, on columns and plain numbers alike.

Numbers are float64 with na as NaN; conditions are int8: FALSE 0, UNKNOWN 1, TRUE 2, so that `and` is the minimum, `or`
the maximum and `not x` is 2 - x. What has no value (x / 0, the root of -1) is na.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.rules.comparison import compare, compare_level

Value = NDArray[Any] | float | int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: what it takes, what it gives, how it is computed."""

    takes: tuple[Kind, ...]
    gives: Kind
    compute: Callable[..., Value]


def _truth(true: Value, known: Value) -> Value:
    return np.where(known, np.where(true, np.int8(TRUE), np.int8(FALSE)), np.int8(UNKNOWN)).astype(np.int8)


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


def _numeric(count: int, function: Callable[..., Value]) -> Operation:
    def compute(*values: Value) -> Value:
        with np.errstate(all="ignore"):
            result = np.asarray(function(*values), dtype=np.float64)
        return np.where(np.isfinite(result), result, np.nan)

    return Operation((_N,) * count, _N, compute)


def _select(kind: Kind, unknown: float) -> Operation:
    def compute(condition: Value, if_true: Value, if_false: Value) -> Value:
        chosen = np.where(np.equal(condition, TRUE), if_true, if_false)
        result = np.where(np.equal(condition, UNKNOWN), unknown, chosen)
        return result.astype(np.float64 if kind is _N else np.int8)

    return Operation((_C, kind, kind), kind, compute)


def _nz(value: Value, instead: Value) -> Value:
    return np.where(np.isnan(value), instead, value)


def _round(value: Value, precision: Value) -> Value:
    scale = np.power(10.0, precision)
    return np.floor(np.asarray(value) * scale + 0.5) / scale


_N, _C = Kind.SERIES, Kind.CONDITION

OPERATIONS: dict[str, Operation] = {
    "+": _numeric(2, np.add),
    "-": _numeric(2, np.subtract),
    "*": _numeric(2, np.multiply),
    "/": _numeric(2, np.divide),
    "%": _numeric(2, np.fmod),
    "negative": _numeric(1, np.negative),
    "<": _comparison(TRUE, FALSE, FALSE),
    ">": _comparison(FALSE, FALSE, TRUE),
    "<=": _comparison(TRUE, TRUE, FALSE),
    ">=": _comparison(FALSE, TRUE, TRUE),
    "==": _comparison(FALSE, TRUE, FALSE),
    "!=": _comparison(TRUE, FALSE, TRUE),
    "and": Operation((_C, _C), _C, np.minimum),
    "or": Operation((_C, _C), _C, np.maximum),
    "not": Operation((_C,), _C, lambda a: np.subtract(np.int8(TRUE), a)),
    "if number": _select(_N, np.nan),
    "if condition": _select(_C, UNKNOWN),
    "na": Operation((_N,), _C, lambda a: _truth(np.isnan(a), known=True)),
    "nz": Operation((_N, _N), _N, _nz),
    "math.abs": _numeric(1, np.abs),
    "math.sqrt": _numeric(1, np.sqrt),
    "math.exp": _numeric(1, np.exp),
    "math.log": _numeric(1, np.log),
    "math.log10": _numeric(1, np.log10),
    "math.sign": _numeric(1, np.sign),
    "math.floor": _numeric(1, np.floor),
    "math.ceil": _numeric(1, np.ceil),
    "math.round": _numeric(2, _round),
    "math.pow": _numeric(2, np.power),
    "math.max": _numeric(2, np.maximum),
    "math.min": _numeric(2, np.minimum),
}

# What a call may leave out at its end, and what then stands there.
DEFAULTS: dict[str, tuple[float, ...]] = {"nz": (0.0,), "math.round": (0.0,)}
# Calls that take any number of arguments from two on.
FOLDING = frozenset({"math.max", "math.min"})
