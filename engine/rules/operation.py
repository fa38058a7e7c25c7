"""What an operation is: something computed bar by bar, on columns and plain numbers alike.

Numbers are float64 with na as NaN; conditions are int8: FALSE 0, UNKNOWN 1, TRUE 2, so that `and` is the minimum, `or`
the maximum and `not x` is 2 - x. What has no value (x / 0, the root of -1) is na.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators import Kind

Value = NDArray[Any] | float | int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: what it takes, what it gives, how it is computed; of a function, Pine's names of its parameters.

    `defaults` stand for the last parameters where a call leaves them out. With `many`, more arguments of the last
    parameter's kind may follow.
    """

    takes: tuple[Kind, ...]
    gives: Kind
    compute: Callable[..., Value]
    names: tuple[str, ...] = ()
    defaults: tuple[float, ...] = ()
    many: bool = False

    def signature(self, name: str) -> str:
        """Give the call as Pine writes it: "math.pow(base, exponent)"."""
        given = len(self.names) - len(self.defaults)
        shown = [*self.names[:given], *(f"{n}={d:g}" for n, d in zip(self.names[given:], self.defaults, strict=True))]
        return f"{name}({', '.join([*shown, *(['...'] if self.many else [])])})"


def numeric(
    function: Callable[..., Value], *names: str, defaults: tuple[float, ...] = (), many: bool = False
) -> Operation:
    """Give the operation that computes a number from as many numbers as there are names."""

    def compute(*values: Value) -> Value:
        with np.errstate(all="ignore"):
            result = np.asarray(function(*values), dtype=np.float64)
        return np.where(np.isfinite(result), result, np.nan)

    return Operation((Kind.SERIES,) * len(names), Kind.SERIES, compute, names, defaults, many)
