"""Pine's `math` functions that look at one bar at a time; `math.sum` looks back, and is in engine/rules/lookback.py."""

from __future__ import annotations

from functools import reduce

import numpy as np

from engine.rules.operation import Operation, Value, numeric
from engine.rules.rounding import rounded, rounded_to_tick


def _average(*numbers: Value) -> Value:
    """Give the mean: two are added plainly, more with Kahan's compensation, as TradingView does (by PyneCore)."""
    if len(numbers) <= 2:
        return sum(numbers, np.float64(0.0)) / len(numbers)
    total: Value = np.float64(0.0)
    compensation: Value = np.float64(0.0)
    for number in numbers:
        corrected = number - compensation
        grown = total + corrected
        compensation = (grown - total) - corrected
        total = grown
    return (total - compensation) / len(numbers)


def _greatest(*numbers: Value) -> Value:
    return reduce(np.maximum, numbers)


def _least(*numbers: Value) -> Value:
    return reduce(np.minimum, numbers)


_SEVERAL = ("number0", "number1")

MATHEMATICS: dict[str, Operation] = {
    "math.abs": numeric(np.abs, "number"),
    "math.acos": numeric(np.arccos, "angle"),
    "math.asin": numeric(np.arcsin, "angle"),
    "math.atan": numeric(np.arctan, "angle"),
    "math.avg": numeric(_average, *_SEVERAL, many=True),
    "math.ceil": numeric(np.ceil, "number"),
    "math.cos": numeric(np.cos, "angle"),
    "math.exp": numeric(np.exp, "number"),
    "math.floor": numeric(np.floor, "number"),
    "math.log": numeric(np.log, "number"),
    "math.log10": numeric(np.log10, "number"),
    "math.max": numeric(_greatest, *_SEVERAL, many=True),
    "math.min": numeric(_least, *_SEVERAL, many=True),
    "math.pow": numeric(np.power, "base", "exponent"),
    "math.round": numeric(rounded, "number", "precision", defaults=(0.0,)),
    "math.round_to_mintick": numeric(rounded_to_tick, "number", "mintick"),
    "math.sign": numeric(np.sign, "number"),
    "math.sin": numeric(np.sin, "angle"),
    "math.sqrt": numeric(np.sqrt, "number"),
    "math.tan": numeric(np.tan, "angle"),
    "math.todegrees": numeric(np.degrees, "radians"),
    "math.toradians": numeric(np.radians, "degrees"),
}
