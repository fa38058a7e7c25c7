"""What expressions mean, said as plainly as possible: pure Python, one bar at a time, straight from the text's tree.

Written for the tests and sharing no code with the engine. A number is a float or None (na); a condition is True, False
or None (unknown).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

Value = float | bool | None
NEAR = 1e-10
MINTICK = 0.01
COLUMNS = ("open", "high", "low", "close", "volume")


def time_of(i: int) -> int:
    """The open time of bar `i`, an hour long: often on another day, sometimes in another year."""
    return 1_704_049_200_000 + i * 41 * 3_600_000


@dataclass(frozen=True)
class Bars:
    """Columns by name, and the fields of the position at each close; None where a value is missing."""

    columns: dict[str, list[float | None]]
    position: dict[str, list[float | None]] = field(default_factory=dict)


POSITION = ("side", "entry_price", "bars", "profit_percent", "bars_since_exit")
_NOWHERE = Bars({name: [None] for name in COLUMNS}, {name: [None] for name in POSITION})


@dataclass(frozen=True)
class Term:
    """An expression as the test makes it: its text, whether it is a condition, and its value at bar `i`."""

    text: str
    condition: bool
    constant: bool
    at: Callable[[Bars, int], Value]

    def always(self, value: Value) -> bool:
        """Tell whether it is this on every bar, whatever the candles."""
        return self.constant and self.at(_NOWHERE, 0) is value


def number(value: float) -> Term:
    text = repr(value)
    return Term(f"({text})" if value < 0 else text, False, True, lambda _b, _i: value)


NA = Term("na", False, True, lambda _b, _i: None)


def truth(value: bool) -> Term:
    return Term("true" if value else "false", True, True, lambda _b, _i: value)


def column(name: str) -> Term:
    return Term(name, False, False, lambda b, i: b.columns[name][i])


def position(name: str) -> Term:
    return Term(f"position.{name}", False, False, lambda b, i: b.position[name][i])


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


def _half_up(exact: Fraction) -> int:
    """The nearest whole number; half, and what is up to 1e-10 below it, goes up."""
    return math.floor(exact + Fraction(1, 2) + Fraction(1, 10**10))


def _round(x: float, decimals: float = 0.0) -> float:
    if decimals <= 0:
        return math.copysign(math.floor(Fraction(abs(x)) + Fraction(1, 2)), x)
    fraction = abs(x) % 1
    scale = 1 / 10**-decimals
    return math.copysign(abs(x) - fraction + _half_up(Fraction(fraction) * Fraction(scale)) / scale, x)


def _to_mintick(x: float) -> float:
    return math.copysign(_half_up(abs(Fraction(x)) * 100) / 100, x)


def _average(*numbers: float) -> float:
    if len(numbers) < 3:
        return sum(numbers) / len(numbers)
    total = compensation = 0.0
    for x in numbers:
        y = x - compensation
        grown = total + y
        compensation = (grown - total) - y
        total = grown
    return (total - compensation) / len(numbers)


FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "math.abs": (1, abs),
    "math.sqrt": (1, math.sqrt),
    "math.floor": (1, math.floor),
    "math.ceil": (1, math.ceil),
    "math.sign": (1, lambda a: (a > 0) - (a < 0)),
    "math.round": (1, _round),
    "math.round_to_mintick": (1, _to_mintick),
    "math.todegrees": (1, math.degrees),
    "math.toradians": (1, math.radians),
    "math.max": (2, max),
    "math.min": (2, min),
    "math.avg": (2, _average),
}
MANY = ("math.max", "math.min", "math.avg")
PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda d: d.year,
    "month": lambda d: d.month,
    "weekofyear": lambda d: d.isocalendar().week,
    "dayofmonth": lambda d: d.day,
    "dayofweek": lambda d: d.isoweekday() % 7 + 1,
    "hour": lambda d: d.hour,
    "minute": lambda d: d.minute,
    "second": lambda d: d.second,
}


def part(name: str) -> Term:
    return Term(name, False, False, lambda _b, i: PARTS[name](datetime.fromtimestamp(time_of(i) / 1000, UTC)))


BAR_INDEX = Term("bar_index", False, False, lambda _b, i: i)
TIME = Term("time", False, False, lambda _b, i: time_of(i))
TIME_CLOSE = Term("time_close", False, False, lambda _b, i: time_of(i) + 3_600_000)


def rounded(a: Term, decimals: int) -> Term:
    return Term(
        f"math.round({a.text}, {decimals})",
        False,
        a.constant,
        lambda bars, i: _finite(lambda x: _round(x, decimals), a.at(bars, i)),
    )


def total(a: Term, length: int) -> Term:
    """The sum of the last known values of `a`, as whole numbers up to a thousand, so that sums are exact."""
    text = f"math.max(math.min(math.round({a.text}), 1000), -1000)"

    def at(bars: Bars, i: int) -> Value:
        known = [x for x in (a.at(bars, j) for j in range(i + 1)) if x is not None]
        if len(known) < length:
            return None
        return float(sum(max(min(_round(x), 1000), -1000) for x in known[-length:]))

    return Term(f"math.sum({text}, {length})", False, False, at)


def fixnan(a: Term) -> Term:
    def at(bars: Bars, i: int) -> Value:
        return next((x for x in (a.at(bars, j) for j in range(i, -1, -1)) if x is not None), None)

    return Term(f"fixnan({a.text})", a.condition, a.constant, at)


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

    return Term(f"nz({a.text}, {b.text})", a.condition, a.constant and b.constant, at)


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

    # One pair that is never true makes the whole chain false, whatever the candles.
    pairs = [(o, a, b) for o, a, b in zip(operators, operands, operands[1:], strict=False) if a.constant and b.constant]
    never = any(_compare(o, a.at(_NOWHERE, 0), b.at(_NOWHERE, 0)) is False for o, a, b in pairs)
    return Term(f"({' '.join(words)})", True, never or all(o.constant for o in operands), at)


def _constant(a: Term, b: Term, deciding: bool) -> bool:
    """Whether two conditions come to a constant: both are, or one decides by itself."""
    return (a.constant and b.constant) or a.always(deciding) or b.always(deciding)


def both(a: Term, b: Term) -> Term:
    text, constant = f"({a.text} and {b.text})", _constant(a, b, deciding=False)
    return Term(text, True, constant, lambda s, i: _and(a.at(s, i), b.at(s, i)))


def either(a: Term, b: Term) -> Term:
    text, constant = f"({a.text} or {b.text})", _constant(a, b, deciding=True)
    return Term(text, True, constant, lambda s, i: _or(a.at(s, i), b.at(s, i)))


def same(operator: str, a: Term, b: Term) -> Term:
    """Two conditions compared."""

    def at(bars: Bars, i: int) -> Value:
        x, y = a.at(bars, i), b.at(bars, i)
        return None if x is None or y is None else (x is y) == (operator == "==")

    return Term(f"({a.text} {operator} {b.text})", True, a.constant and b.constant, at)


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
    constant = constant or condition.always(None)
    constant = constant or (condition.always(True) and a.constant) or (condition.always(False) and b.constant)
    return Term(f"({condition.text} ? {a.text} : {b.text})", a.condition, constant, at)


def history(a: Term, bars_ago: int) -> Term:
    def at(bars: Bars, i: int) -> Value:
        if a.constant:
            return a.at(bars, i)
        return a.at(bars, i - bars_ago) if i >= bars_ago else None

    return Term(f"{a.text}[{bars_ago}]", a.condition, a.constant, at)
