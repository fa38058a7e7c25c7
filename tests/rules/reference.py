"""What expressions mean, said as plainly as possible: pure Python, one bar at a time, straight from the text's tree.

Written for the tests and sharing no code with the engine. A number is a float or None (na); a condition is True, False
or None (unknown).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Value = float | bool | None
NEAR = 1e-10


@dataclass(frozen=True)
class Bars:
    """Columns by name; None where a value is missing."""

    columns: dict[str, list[float | None]]


@dataclass(frozen=True)
class Term:
    """An expression as the test makes it: its text, whether it is a condition, and its value at bar `i`."""

    text: str
    condition: bool
    constant: bool
    at: Callable[[Bars, int], Value]


def number(value: float) -> Term:
    text = repr(value)
    return Term(f"({text})" if value < 0 else text, False, True, lambda _b, _i: value)


NA = Term("na", False, True, lambda _b, _i: None)


def truth(value: bool) -> Term:
    return Term("true" if value else "false", True, True, lambda _b, _i: value)


def column(name: str) -> Term:
    return Term(name, False, False, lambda b, i: b.columns[name][i])


def _finite(compute: Callable[..., float], *values: Value) -> Value:
    """Compute where all is known; what has no finite value is na."""
    if any(value is None for value in values):
        return None
    try:
        result = compute(*values)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return result if not isinstance(result, complex) and math.isfinite(result) else None


_ARITHMETIC: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
}
FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "math.abs": (1, abs),
    "math.sqrt": (1, math.sqrt),
    "math.floor": (1, math.floor),
    "math.ceil": (1, math.ceil),
    "math.sign": (1, lambda a: (a > 0) - (a < 0)),
    "math.round": (1, lambda a: math.floor(a + 0.5)),
    "math.max": (2, max),
    "math.min": (2, min),
}


def arithmetic(operator: str, a: Term, b: Term) -> Term:
    compute = _ARITHMETIC[operator]
    return Term(
        f"({a.text} {operator} {b.text})",
        False,
        a.constant and b.constant,
        lambda bars, i: _finite(compute, a.at(bars, i), b.at(bars, i)),
    )


def negative(a: Term) -> Term:
    return Term(f"(-{a.text})", False, a.constant, lambda bars, i: _finite(lambda x: -x, a.at(bars, i)))


def call(name: str, *arguments: Term) -> Term:
    compute = FUNCTIONS[name][1]
    return Term(
        f"{name}({', '.join(a.text for a in arguments)})",
        False,
        all(a.constant for a in arguments),
        lambda bars, i: _finite(compute, *(a.at(bars, i) for a in arguments)),
    )


def na(a: Term) -> Term:
    return Term(f"na({a.text})", True, a.constant, lambda bars, i: a.at(bars, i) is None)


def nz(a: Term, b: Term) -> Term:
    def at(bars: Bars, i: int) -> Value:
        value = a.at(bars, i)
        return b.at(bars, i) if value is None else value

    return Term(f"nz({a.text}, {b.text})", False, a.constant and b.constant, at)


def _compare(operator: str, a: Value, b: Value) -> Value:
    if a is None or b is None:
        return None
    equal = abs(a - b) <= NEAR
    return {
        "==": equal,
        "!=": not equal,
        "<": a < b and not equal,
        ">": a > b and not equal,
        "<=": a < b or equal,
        ">=": a > b or equal,
    }[operator]


def _and(a: Value, b: Value) -> Value:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: Value, b: Value) -> Value:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def comparison(operators: list[str], operands: list[Term]) -> Term:
    words = [operands[0].text]
    for operator, operand in zip(operators, operands[1:], strict=True):
        words += [operator, operand.text]

    def at(bars: Bars, i: int) -> Value:
        values = [operand.at(bars, i) for operand in operands]
        result: Value = True
        for n, operator in enumerate(operators):
            result = _and(result, _compare(operator, values[n], values[n + 1]))
        return result

    return Term(f"({' '.join(words)})", True, all(o.constant for o in operands), at)


def both(a: Term, b: Term) -> Term:
    return Term(f"({a.text} and {b.text})", True, a.constant and b.constant, lambda s, i: _and(a.at(s, i), b.at(s, i)))


def either(a: Term, b: Term) -> Term:
    return Term(f"({a.text} or {b.text})", True, a.constant and b.constant, lambda s, i: _or(a.at(s, i), b.at(s, i)))


def negated(a: Term) -> Term:
    def at(bars: Bars, i: int) -> Value:
        value = a.at(bars, i)
        return None if value is None else not value

    return Term(f"(not {a.text})", True, a.constant, at)


def choice(condition: Term, a: Term, b: Term) -> Term:
    def at(bars: Bars, i: int) -> Value:
        chosen = condition.at(bars, i)
        return None if chosen is None else (a if chosen else b).at(bars, i)

    constant = condition.constant and a.constant and b.constant
    return Term(f"({condition.text} ? {a.text} : {b.text})", a.condition, constant, at)


def history(a: Term, bars_ago: int) -> Term:
    def at(bars: Bars, i: int) -> Value:
        if a.constant:
            return a.at(bars, i)
        return a.at(bars, i - bars_ago) if i >= bars_ago else None

    return Term(f"{a.text}[{bars_ago}]", a.condition, a.constant, at)
