"""`position.*` in expressions: what the machine believes of the position at the close of a bar.

Its values are known only while the machine steps, so a node that depends on them has no column; it is computed by a
small program at each close (rules/programs.py). What looks back over bars cannot take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from engine.indicators import Kind
from engine.rules import syntax as s
from engine.rules.nodes import Node

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver


class PositionField(IntEnum):
    """What is known of the position at a close, before anything is decided there.

    SIDE: 1 long, -1 short, 0 neither. ENTRY_PRICE: the average of the open entries. BARS: 0 at the close of the bar in
    which the first of them filled. PROFIT_PERCENT: of the close against the entry price. These three are na without a
    position. BARS_SINCE_EXIT: 0 at the close of the bar in which the last exit filled, na before any.
    """

    SIDE = 0
    ENTRY_PRICE = 1
    BARS = 2
    PROFIT_PERCENT = 3
    BARS_SINCE_EXIT = 4

    @property
    def written(self) -> str:
        """Give the name in expressions."""
        return f"position.{self.name.lower()}"


FIELDS = {field.written: field for field in PositionField}
ALLOWED = frozenset(
    {"+", "-", "*", "/", "%", "negative", "<", ">", "<=", ">=", "==", "!=", "== condition", "!= condition"}
    | {"and", "or", "not", "if number", "if condition", "na", "na condition", "nz", "nz condition"}
    | {f"math.{name}" for name in ("abs", "max", "min", "round", "floor", "ceil", "sqrt", "sign", "pow", "log", "exp")}
    | {"math.avg"}
)
"""Operations that may take what depends on the position."""


@dataclass(frozen=True, eq=False)
class Position(Node):
    """A field of the position."""

    field: PositionField

    def __post_init__(self) -> None:
        """Mark it and what is made of it."""
        super().__post_init__()
        object.__setattr__(self, "on_position", True)

    def __str__(self) -> str:
        """Give it as an expression holds it."""
        return self.field.written


def position_node(resolver: Resolver, syntax: s.Syntax, dotted: str) -> Node | None:
    """Give the node of `position.FIELD`; reported, and None, where there is no such field."""
    if resolver.outer is not None:
        resolver.report(syntax, f"'{dotted}' has no meaning on other candles", "use it outside of request.security")
        return None
    if dotted not in FIELDS:
        known = ", ".join(name.removeprefix("position") for name in FIELDS)
        told = f"unknown name '{dotted}'" if "." in dotted else "'position' is no value by itself"
        resolver.report(syntax, told, f"there are position{known}")
        return None
    return resolver.one(Position(Kind.SERIES, FIELDS[dotted]))


def without_position(resolver: Resolver, node: Node | None, syntax: s.Syntax, what: str) -> Node | None:
    """Give the node; reported, and None, where it depends on the position and `what` would look back over it."""
    if node is not None and node.on_position:
        told = f"this depends on the position, and {what} cannot: only the position at the close at hand is known"
        resolver.report(syntax, told, "compare it there and then, as in position.bars > 10")
        return None
    return node
