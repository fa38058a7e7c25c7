"""What an expression consists of, as written. `start` and `end` are offsets in the expression's text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """A stretch of an expression."""

    start: int
    end: int

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return ()

    def names(self) -> Iterator[str]:
        """Give every plain name in it; without recursion, as expressions may be deep."""
        pending: list[Syntax] = [self]
        while pending:
            syntax = pending.pop()
            if isinstance(syntax, Name):
                yield syntax.name
            pending.extend(syntax.parts)


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

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.owner,)


@dataclass(frozen=True, slots=True)
class Argument(Syntax):
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    value: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """`ta.ema(close, length=12)`."""

    function: Syntax
    arguments: tuple[Argument, ...]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.function, *self.arguments)


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """`a + b`, `a and b`."""

    operator: str
    left: Syntax
    right: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Comparison(Syntax):
    """`a < b`, and chains such as `30 < x < 70`: one operator fewer than operands."""

    operators: tuple[str, ...]
    operands: tuple[Syntax, ...]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return self.operands


@dataclass(frozen=True, slots=True)
class Conditional(Syntax):
    """`c ? a : b`."""

    condition: Syntax
    if_true: Syntax
    if_false: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.condition, self.if_true, self.if_false)


@dataclass(frozen=True, slots=True)
class History(Syntax):
    """`x[n]`: the value n bars ago."""

    operand: Syntax
    bars: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """What it is made of."""
        return (self.operand, self.bars)
