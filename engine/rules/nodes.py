"""What a plan consists of: small frozen nodes, each a value on every bar.

Nodes with the same content are equal, so a plan holds each only once. A node says which nodes it is computed from, how
many earlier bars it needs beyond theirs (`memory`), and how it is computed. A new kind of node is a new class here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, cast

import numpy as np

from engine.indicators import FALSE, SERIES_KINDS, TRUE, UNKNOWN, Endless, Function, Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.resample import floors
from engine.rules.calendar_parts import closing_times
from engine.rules.operators import OPERATIONS, Value

Result = Value | tuple[Value, ...]
Step = Callable[[Bars, Sequence[Result]], Result]
"""Computes one node of a plan from the bars and the values of all nodes before it."""
DAY = Timeframe(1, "d")


@dataclass(frozen=True, eq=False)
class Node:
    """A value on every bar: `kind` is SERIES (float64, na as NaN) or CONDITION (int8 truth)."""

    kind: Kind
    key: tuple[object, ...] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)
    on_position: bool = field(init=False, repr=False, default=False)
    """Whether it depends on `position.*`: then it has no column."""

    def __post_init__(self) -> None:
        """Compute the identity once: comparing deep expressions must not walk through them each time."""
        key = (type(self), *[getattr(self, name) for name in _content(cast(Hashable, type(self)))])
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "_hash", hash(key))

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

    def step(self, places: Sequence[int]) -> Step:
        """Give `compute` as a plan calls it; `places` say which of all values are the inputs'.

        On the few bars of a live step most of the time is not the kernel's: what can be looked up once is, here.
        """
        compute, pick = self.compute, _picker(places)
        return lambda bars, values: compute(bars, pick(values))


def _picker(places: Sequence[int]) -> Callable[[Sequence[Result]], Sequence[Any]]:
    """Give what picks the values at some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return (lambda values: (values[places[0]],)) if places else lambda _: ()


@cache
def _content(kind: Hashable) -> tuple[str, ...]:
    """Give the names of what a kind of node consists of."""
    return tuple(field.name for field in fields(cast(type[Node], kind)) if field.init)


def _alike(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Tell whether two nodes have the very same parts: most that are compared do, as parts are shared."""
    for a, b in zip(one, other, strict=False):
        if a is b:
            continue
        if type(a) is tuple and type(b) is tuple and len(a) == len(b):
            if all(x is y for x, y in zip(a, b, strict=True)):
                continue
            return False
        if isinstance(a, (Node, tuple)) or a != b:
            return False
    return len(one) == len(other)


def _equal(one: Node, other: Node) -> bool:
    """Compare all that is behind two nodes, each pair once: what is shared a hundredfold is still looked at once."""
    if _alike(one.key, other.key):
        return True
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
class NewPeriod(Node):
    """Whether a bar is the first of a period, such as a day, by the UTC calendar; `timeframe` is the bars' own.

    The first bar of all is where it opens with the period. Of periods shorter than a bar, each bar begins one.
    """

    timeframe: Timeframe
    period: Timeframe

    @property
    def memory(self) -> int:
        """The bar before tells whether a bar after a gap is the first of its period."""
        return 1

    @property
    def every(self) -> int:
        """How many bars there are at most from one such bar to the next."""
        return -(-self.period.longest_ms // self.timeframe.length_ms)

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Compare each bar's period with that of the bar before."""
        begun = floors(bars.time, self.period)
        new = np.concatenate([bars.time[:1] == begun[:1], begun[1:] != begun[:-1]])
        return np.where(new, np.int8(TRUE), np.int8(FALSE))


@dataclass(frozen=True, eq=False)
class Operation(Node):
    """Arithmetic, comparison, logic, choice: bar by bar, without memory."""

    name: str
    operands: tuple[Node, ...]

    def __post_init__(self) -> None:
        """Know whether an operand depends on the position: what is made of it does too."""
        super().__post_init__()
        if any(operand.on_position for operand in self.operands):
            object.__setattr__(self, "on_position", True)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The operands."""
        return self.operands

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Apply the operation of that name."""
        return OPERATIONS[self.name].compute(*values)

    def step(self, places: Sequence[int]) -> Step:
        """Apply it without looking it up."""
        operate, pick = OPERATIONS[self.name].compute, _picker(places)
        return lambda _bars, values: operate(*pick(values))


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
        """What the function says for these constants, or what lies between the periods with which it begins anew."""
        every = self._begins_every
        return self.function.memory(*self.constants) if every is None else every - 1

    @property
    def endless(self) -> Endless | None:
        """Why no number of earlier bars is enough; None where `memory` is."""
        return self.function.endless if self._begins_every is None else None

    @property
    def _begins_every(self) -> int | None:
        names = [p.name for p in self.function.parameters if p.kind in SERIES_KINDS]
        restart = self.series[names.index(self.function.restart)] if self.function.restart else None
        return restart.every * self.function.periods if isinstance(restart, NewPeriod) else None

    @property
    def call(self) -> str:
        """Give the call with its constants, such as "ta.ema(source, 26)"."""
        if not self.function.parameters:
            return self.function.signature
        constants = (repr(c) if isinstance(c, str) else f"{c:g}" for c in self.constants)
        shown = (p.name if p.kind in SERIES_KINDS else next(constants) for p in self.function.parameters)
        return f"{self.function.full_name}({', '.join(shown)})"

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Run the kernel."""
        columns = [
            spread(cast(Value, value), node.kind, len(bars)) for value, node in zip(values, self.series, strict=True)
        ]
        read = [getattr(bars, name) for name in self.function.reads]
        return cast(Result, self.function.kernel(*read, *columns, *self.constants))

    def step(self, places: Sequence[int]) -> Step:
        """Call the kernel without a detour where all its series are columns already."""
        if not all(isinstance(node, (Candle, Indicator, Output)) for node in self.series):
            return super().step(places)
        kernel, constants, names = self.function.kernel, self.constants, self.function.reads
        pick = _picker(places)
        if not names:
            return lambda _bars, values: cast(Result, kernel(*pick(values), *constants))
        read = attrgetter(*names) if len(names) > 1 else lambda bars: (getattr(bars, names[0]),)
        return lambda bars, values: cast(Result, kernel(*read(bars), *pick(values), *constants))


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
    "time_close": closing_times,
}


_NUMBERS, _TRUTHS = np.dtype(np.float64), np.dtype(np.int8)


def spread(value: Value, kind: Kind, length: int) -> Column:
    """Give a value as a contiguous column, whether it was one or a single number."""
    dtype = _NUMBERS if kind is Kind.SERIES else _TRUTHS
    if isinstance(value, np.ndarray) and value.ndim:
        if value.dtype is dtype and value.flags.c_contiguous:
            return value
        return np.ascontiguousarray(value, dtype=dtype)
    return np.full(length, value, dtype=dtype)
