"""What depends on the position is computed at each close, by a small stack machine: a rule stays data, never code.

A program is a list of steps in postfix order: put a number, a column's value or something of the position on the
stack, or replace the operands on top by the result of an operation. Conditions are 0, 1 (unknown) and 2, as in columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.decisions.compiled import step
from engine.decisions.settings import Record
from engine.indicators import UNKNOWN
from engine.market.bars import Column
from engine.rules.comparison import TOLERANCE
from engine.rules.programs import Instruction

if TYPE_CHECKING:
    from engine.decisions.inputs import Numbers

NUMBER, COLUMN, POSITION, OPERATION = range(4)
_SIDE, _ENTRY_PRICE, _BARS, _PROFIT_PERCENT, _BARS_SINCE_EXIT = range(5)  # as in rules/position.py
(
    ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, NEGATIVE, BELOW, ABOVE, AT_MOST, AT_LEAST, EQUAL, UNEQUAL,
    SAME, DIFFERENT, AND, OR, NOT, IF_NUMBER, IF_CONDITION, NA, NA_CONDITION, NZ, NZ_CONDITION,
    ABS, MAX, MIN, ROUND, FLOOR, CEIL, SQRT, SIGN, POW, LOG, EXP,
) = range(34)  # fmt: skip
_AT = {
    "+": ADD,
    "-": SUBTRACT,
    "*": MULTIPLY,
    "/": DIVIDE,
    "%": REMAINDER,
    "negative": NEGATIVE,
    "<": BELOW,
    ">": ABOVE,
    "<=": AT_MOST,
    ">=": AT_LEAST,
    "==": EQUAL,
    "!=": UNEQUAL,
    "== condition": SAME,
    "!= condition": DIFFERENT,
    "and": AND,
    "or": OR,
    "not": NOT,
    "if number": IF_NUMBER,
    "if condition": IF_CONDITION,
    "na": NA,
    "na condition": NA_CONDITION,
    "nz": NZ,
    "nz condition": NZ_CONDITION,
    "math.abs": ABS,
    "math.max": MAX,
    "math.min": MIN,
    "math.round": ROUND,
    "math.floor": FLOOR,
    "math.ceil": CEIL,
    "math.sqrt": SQRT,
    "math.sign": SIGN,
    "math.pow": POW,
    "math.log": LOG,
    "math.exp": EXP,
}
_OF_ONE = (NEGATIVE, NOT, NA, NA_CONDITION, ABS, FLOOR, CEIL, SQRT, SIGN, LOG, EXP)
_SPLITTER = 134_217_729.0  # 2**27 + 1


def code_of(
    programs: Sequence[Sequence[Instruction]], columns: Mapping[str, Column], stacked: dict[str, Column], first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Column]:
    """Give the steps (kind, place) of all programs, where each ends, and their numbers, which stand from `first` on.

    The columns that they read are added to `stacked`, in whose order they stand in the table.
    """
    steps: list[tuple[int, int]] = []
    numbers: list[float] = []
    ends: list[int] = []
    for program in programs:
        for what, value in program:
            if what == "number":
                steps.append((NUMBER, first + len(numbers)))
                numbers.append(float(value))
            elif what == "column":
                name = str(value)
                stacked.setdefault(name, columns[name].astype(np.float64))
                steps.append((COLUMN, list(stacked).index(name)))
            elif what == "position":
                steps.append((POSITION, int(value)))
            else:
                steps.append((OPERATION, _AT[str(value)]))
        ends.append(len(steps))
    return np.array(steps, dtype=np.int64).reshape(-1, 2), np.array(ends, dtype=np.int64), np.array(numbers)


@step
def position_value(p: Record, field: int, close: float) -> float:
    """Give a field of the position at a close (see rules/position.py); na where it has none."""
    if field == _SIDE:
        return float(p.side)
    if field == _BARS_SINCE_EXIT:
        return float(p.bars_since_exit) if p.bars_since_exit >= 0 else np.nan
    if p.side == 0:
        return np.nan
    if field == _ENTRY_PRICE:
        return float(p.entry_price)
    return float(p.bars) if field == _BARS else 100.0 * p.side * (close / p.entry_price - 1.0)


@step
def run_program(numbers: Numbers, program: int, row: int, p: Record, close: float) -> float:
    """Give what program number `program` comes to on a row."""
    stack, top = numbers.stack, 0
    for i in range(numbers.ends[program - 1] if program > 0 else 0, numbers.ends[program]):
        kind, place = numbers.steps[i, 0], numbers.steps[i, 1]
        if kind == OPERATION:
            top = _operate(place, stack, top)
            continue
        if kind == NUMBER:
            stack[top] = numbers.constants[place]
        elif kind == COLUMN:
            stack[top] = numbers.table[place, row]
        else:
            stack[top] = position_value(p, place, close)
        top += 1
    return float(stack[0])


@step
def _operate(name: int, stack: Column, top: int) -> int:
    """Replace the operands of an operation on top of the stack by its result; give the new height."""
    a = stack[top - 1]
    if name in _OF_ONE:
        stack[top - 1] = _of_one(name, a)
        return top
    b, a = a, stack[top - 2]
    if name in (IF_NUMBER, IF_CONDITION):
        condition = stack[top - 3]
        unknown = np.nan if name == IF_NUMBER else float(UNKNOWN)
        stack[top - 3] = a if condition == 2.0 else b if condition == 0.0 else unknown
        return top - 2
    stack[top - 2] = _compared(name, a, b) if BELOW <= name <= OR else _of_two(name, a, b)
    return top - 1


@step
def _finite(value: float) -> float:
    return value if np.isfinite(value) else np.nan


@step
def _of_one(name: int, a: float) -> float:
    if name == NEGATIVE:
        return -a
    if name == NOT:
        return 2.0 - a
    if name == NA:
        return 2.0 if np.isnan(a) else 0.0
    if name == NA_CONDITION:
        return 2.0 if a == UNKNOWN else 0.0
    if name == ABS:
        return abs(a)
    if name == FLOOR:
        return float(np.floor(a))
    if name == CEIL:
        return float(np.ceil(a))
    if name == SQRT:
        return _finite(np.sqrt(a))
    if name == SIGN:
        return float(np.sign(a))
    return _finite(np.log(a)) if name == LOG else _finite(np.exp(a))


@step
def _of_two(name: int, a: float, b: float) -> float:
    if name == ADD:
        return _finite(a + b)
    if name == SUBTRACT:
        return _finite(a - b)
    if name == MULTIPLY:
        return _finite(a * b)
    if name == DIVIDE:
        return _finite(a / b)
    if name == REMAINDER:
        return _finite(np.fmod(a, b)) if b != 0.0 else np.nan
    if name in (NZ, NZ_CONDITION):
        missing = np.isnan(a) if name == NZ else a == UNKNOWN
        return b if missing else a
    if name in (MAX, MIN):
        if np.isnan(a) or np.isnan(b):
            return np.nan
        return max(a, b) if name == MAX else min(a, b)
    if name == ROUND:
        return _rounded(a, b)
    return _finite(a**b)


@step
def _rounded(a: float, decimals: float) -> float:
    """Round as rules/rounding.py does: half away from zero, half from 1e-10 below it, on the exact product."""
    if np.isnan(a) or np.isnan(decimals):
        return np.nan
    size = abs(a)
    if decimals <= 0.0:
        return float(np.copysign(size if size >= 2.0**52 else np.floor(size + 0.5), a)) + 0.0
    scale = 1.0 / 10.0 ** -min(decimals, 16.0)
    fraction = np.fmod(size, 1.0)
    product = fraction * scale
    units = np.floor(product)
    if product - units + rounded_off(fraction, scale, product) - 0.5 >= -1e-10:
        units += 1.0
    return float(np.copysign(size - fraction + units / scale, a)) + 0.0


@step
def rounded_off(a: float, b: float, product: float) -> float:
    """Give a * b - product exactly (Dekker)."""
    a_high, b_high = a * _SPLITTER - (a * _SPLITTER - a), b * _SPLITTER - (b * _SPLITTER - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@step
def _compared(name: int, a: float, b: float) -> float:
    """Compare, as columns do: numbers within 1e-10 are equal, and with na nothing is known."""
    if name == AND:
        return min(a, b)
    if name == OR:
        return max(a, b)
    if name in (SAME, DIFFERENT):
        if UNKNOWN in (a, b):
            return float(UNKNOWN)
        return 2.0 if (a == b) == (name == SAME) else 0.0
    if np.isnan(a) or np.isnan(b):
        return float(UNKNOWN)
    order = 0 if abs(a - b) <= TOLERANCE else (-1 if a < b else 1)
    if name == BELOW:
        return 2.0 if order < 0 else 0.0
    if name == ABOVE:
        return 2.0 if order > 0 else 0.0
    if name == AT_MOST:
        return 2.0 if order <= 0 else 0.0
    if name == AT_LEAST:
        return 2.0 if order >= 0 else 0.0
    return 2.0 if (order == 0) == (name == EQUAL) else 0.0
