"""What an expression consists of, as written. `start` and `end` are offsets in the expression's text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """A stretch of an expression."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Syntax):
    """`14`, `0.5`, `1e-3`."""

    value: float


@dataclass(frozen=True, slots=True)
class Text(Syntax):
    """`"4h"`."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """`close`."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute(Syntax):
    """`ta.ema`, `x.upper`."""

    owner: Syntax
    name: str


@dataclass(frozen=True, slots=True)
class Argument(Syntax):
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    value: Syntax


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """`ta.ema(close, length=12)`."""

    function: Syntax
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Syntax


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """`a + b`, `a and b`."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Comparison(Syntax):
    """`a < b`, and chains such as `30 < x < 70`: one operator fewer than operands."""

    operators: tuple[str, ...]
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Syntax):
    """`c ? a : b`."""

    condition: Syntax
    if_true: Syntax
    if_false: Syntax


@dataclass(frozen=True, slots=True)
class History(Syntax):
    """`x[n]`: the value n bars ago."""

    operand: Syntax
    bars: Syntax
