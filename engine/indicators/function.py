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
    CONSTANT = "a number that does not change from bar to bar"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; without a default it must be given."""

    name: str
    kind: Kind
    default: float | str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """An indicator of Pine's `ta` namespace.

    The kernel is called with the columns named in `reads` (of the candles), then the arguments in order.
    `memory` gives, from the constant arguments in order, how many earlier bars the value at a bar depends on, to 1e-9.
    """

    name: str
    parameters: tuple[Parameter, ...]
    kernel: Callable[..., object]
    memory: Callable[..., int]
    reads: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("value",)
    result: Kind = Kind.SERIES

    @property
    def signature(self) -> str:
        """Give the call as Pine writes it."""
        shown = (p.name if p.default is None else f"{p.name}={p.default}" for p in self.parameters)
        return f"ta.{self.name}({', '.join(shown)})"
