"""What the rule language needs to know of an indicator: how it is called, what it gives, how far back it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What may stand for a parameter, and what a result is."""

    SERIES = "a number or series"
    CONDITION = "a condition"
    LENGTH = "a whole number of bars, 1 or more, that does not change from bar to bar"
    WHOLE = "a whole number, 0 or more, that does not change from bar to bar"
    INTEGER = "a whole number that does not change from bar to bar"
    CONSTANT = "a number that does not change from bar to bar"
    FLAG = "true or false"
    TEXT = "a text in quotes"


SERIES_KINDS = (Kind.SERIES, Kind.CONDITION)


class Endless(Enum):
    """Why no number of earlier bars is enough for a value."""

    SUM = "a running total: it counts from the first candle there is, so only its changes mean something"
    PRODUCT = "a running product: it grows from the first candle there is, so only its ratios mean something"
    EVENT = "it looks back to the last event, however long ago that was"


class Follows(Enum):
    """What becomes of a value f(x) where all its series are moved and stretched alike, to a * x + b with a > 0.

    It tells whether a running total, which begins at a number that nobody knows, may stand for x.
    """

    LEVEL = "f(a * x + b) = a * f(x) + b: an average, an extreme"
    SPREAD = "f(a * x + b) = a * f(x): a change, a deviation"
    SHAPE = "f(a * x + b) = f(x): a comparison, a ratio of changes"
    NOTHING = "anything else"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; without a default it must be given.

    A default is written as in a rule file: a number, "true", NEW_DAY, a column of the candles such as "close", or one
    of `choices` for a TEXT. `implied` is for a first parameter that a call may leave out altogether, as Pine does: the
    candles' column that then stands for it (`ta.highest(10)` means `ta.highest(high, 10)`).
    """

    name: str
    kind: Kind
    default: float | str | None = None
    implied: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """An indicator of Pine's `ta` namespace; or, in another `namespace`, a function of Pine's that looks back like one.

    The kernel is called with the columns named in `reads` (of the candles; "time" is int64 ms), then the series in the
    order of the parameters (numbers float64, conditions int8 truth), then the constants in their order (lengths int,
    constants float, flags bool, texts str). It gives a column, or a tuple of them as `outputs` names.
    `memory` gives, from the constants in order, how many earlier bars the value at a bar depends on, to 1e-9; where no
    number is enough, `endless` says why, and `memory` how many are taken. `restart` names a condition that, where true,
    begins the value anew, so that earlier bars do not matter (those before the last `periods` such times): where that
    condition is known to come (each day), the bars in between are the memory. `follows` says what the value makes of
    its series' level and size.
    """

    name: str
    parameters: tuple[Parameter, ...]
    kernel: Callable[..., object]
    memory: Callable[..., int]
    reads: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("value",)
    result: Kind = Kind.SERIES
    endless: Endless | None = None
    restart: str = ""
    periods: int = 1
    follows: Follows = Follows.NOTHING
    namespace: str = "ta."

    @property
    def full_name(self) -> str:
        """Give the name as Pine writes it: "ta.ema"."""
        return f"{self.namespace}{self.name}"

    @property
    def signature(self) -> str:
        """Give the call as Pine writes it; of a variable such as `ta.obv` just its name."""
        if not self.parameters:
            return self.full_name
        defaults = (f"{p.default:g}" if isinstance(p.default, float) else p.default for p in self.parameters)
        shown = (p.name if d is None else f"{p.name}={d}" for p, d in zip(self.parameters, defaults, strict=True))
        return f"{self.full_name}({', '.join(shown)})"


SOURCE = Parameter("source", Kind.SERIES)
LENGTH = Parameter("length", Kind.LENGTH)
CANDLE = ("high", "low", "close")
NEW_DAY = "session.isfirstbar"
"""Pine's name for the condition that a bar is the first of its day (here: UTC)."""
EVENT_BARS = 1000
"""How many bars are taken where a value looks back to the last event."""


def window(length: int) -> int:
    """Give the memory of a window of `length` bars."""
    return length - 1
