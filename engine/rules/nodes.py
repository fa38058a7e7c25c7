"""What a plan consists of: small frozen nodes, each a value on every bar.

Nodes with the same content are equal, so a plan holds each only once. A node says which nodes it is computed from, how
many earlier bars it needs beyond theirs (`memory`), and how it is computed. A new kind of node is a new class here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import cast

import numpy as np

from engine.indicators import UNKNOWN, Function, Kind
from engine.market import Bars
from engine.market.bars import Column
from engine.rules.operators import OPERATIONS, Value

Result = Value | tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Node:
    """A value on every bar: `kind` is SERIES (float64, na as NaN) or CONDITION (int8 truth)."""

    kind: Kind
    key: tuple[object, ...] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compute the identity once: comparing deep expressions must not walk through them each time."""
        content = (getattr(self, f.name) for f in fields(self) if f.init)
        object.__setattr__(self, "key", (type(self), *content))
        object.__setattr__(self, "_hash", hash(self.key))

    def __hash__(self) -> int:
        """Hash by content."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return self is other or (isinstance(other, Node) and self._hash == other._hash and _equal(self, other))

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes this one is computed from."""
        return ()

    @property
    def memory(self) -> int:
        """How many bars before the current one matter, beyond the inputs' own."""
        return 0

    @property
    def call(self) -> str:
        """The call of an indicator, as a person would name it; "" for everything else."""
        return ""

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Give the value on every bar of `bars`, from the inputs' values."""
        raise NotImplementedError


def _equal(one: Node, other: Node) -> bool:
    """Compare all that is behind two nodes, each pair once: what is shared a hundredfold is still looked at once."""
    pending: list[tuple[object, object]] = [(one, other)]
    seen: set[tuple[int, int]] = set()
    while pending:
        a, b = pending.pop()
        if a is b:
            continue
        if isinstance(a, Node) and isinstance(b, Node):
            if hash(a) != hash(b):
                return False
            if (id(a), id(b)) not in seen:
                seen.add((id(a), id(b)))
                pending.append((a.key, b.key))
        elif isinstance(a, tuple) and isinstance(b, tuple):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif a != b:
            return False
    return True


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """The same on every bar: a number (na as NaN), or a truth value."""

    value: float

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Give the plain number; operations spread it over the bars."""
        return self.value

    def __str__(self) -> str:
        """Give the number as an expression would hold it."""
        return "na" if np.isnan(self.value) else f"{self.value:g}"


@dataclass(frozen=True, eq=False)
class Candle(Node):
    """A column of the candles, or an average of some."""

    name: str

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Give the column."""
        return CANDLE[self.name](bars)


@dataclass(frozen=True, eq=False)
class Operation(Node):
    """Arithmetic, comparison, logic, choice: bar by bar, without memory."""

    name: str
    operands: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The operands."""
        return self.operands

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Apply the operation of that name."""
        return OPERATIONS[self.name].compute(*values)


@dataclass(frozen=True, eq=False)
class History(Node):
    """The operand's value some bars ago; unknown before the first bar."""

    operand: Node
    bars_ago: int

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The operand."""
        return (self.operand,)

    @property
    def memory(self) -> int:
        """As far back as it reaches."""
        return self.bars_ago

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Shift the column."""
        column = spread(cast(Value, values[0]), self.kind, len(bars))
        shifted = np.full_like(column, np.nan if self.kind is Kind.SERIES else UNKNOWN)
        if self.bars_ago < len(column):
            shifted[self.bars_ago :] = column[: len(column) - self.bars_ago]
        return shifted


@dataclass(frozen=True, eq=False)
class Indicator(Node):
    """A call of one of our kernels. Its value is a tuple of columns where the function has several outputs."""

    function: Function
    series: tuple[Node, ...]
    constants: tuple[float | str, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The arguments that are series."""
        return self.series

    @property
    def memory(self) -> int:
        """What the function says for these constants."""
        return self.function.memory(*self.constants)

    @property
    def call(self) -> str:
        """Give the call with its constants, such as "ta.ema(source, 26)"."""
        constants = (repr(c) if isinstance(c, str) else f"{c:g}" for c in self.constants)
        series = (Kind.SERIES, Kind.CONDITION)
        shown = (p.name if p.kind in series else next(constants) for p in self.function.parameters)
        return f"ta.{self.function.name}({', '.join(shown)})"

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Run the kernel."""
        columns = [
            spread(cast(Value, value), node.kind, len(bars)) for value, node in zip(values, self.series, strict=True)
        ]
        read = [getattr(bars, name) for name in self.function.reads]
        return cast(Result, self.function.kernel(*read, *columns, *self.constants))


@dataclass(frozen=True, eq=False)
class Output(Node):
    """One of several outputs of an indicator."""

    indicator: Node
    index: int

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The indicator."""
        return (self.indicator,)

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Pick the column."""
        return cast(tuple[Value, ...], values[0])[self.index]


CANDLE: dict[str, Callable[[Bars], Column]] = {
    "open": lambda b: b.open,
    "high": lambda b: b.high,
    "low": lambda b: b.low,
    "close": lambda b: b.close,
    "volume": lambda b: b.volume,
    "hl2": lambda b: (b.high + b.low) / 2,
    "hlc3": lambda b: (b.high + b.low + b.close) / 3,
    "ohlc4": lambda b: (b.open + b.high + b.low + b.close) / 4,
    "hlcc4": lambda b: (b.high + b.low + b.close + b.close) / 4,
    "time": lambda b: b.time.astype(np.float64),
}


def spread(value: Value, kind: Kind, length: int) -> Column:
    """Give a value as a contiguous column, whether it was one or a single number."""
    dtype = np.float64 if kind is Kind.SERIES else np.int8
    if np.ndim(value) == 0:
        return np.full(length, value, dtype=dtype)
    return np.ascontiguousarray(value, dtype=dtype)
