"""Values that a backtest, a config or a test gives to a rule's parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from engine.documents import did_you_mean


class Bounds(Protocol):
    """The least and the greatest value that a parameter takes, where it has such."""

    @property
    def min(self) -> float | None:
        """The least."""
        ...

    @property
    def max(self) -> float | None:
        """The greatest."""
        ...


def override_fault(name: str, value: float, params: Mapping[str, Bounds]) -> str:
    """Say what is wrong with giving this value to a parameter of that name; "" for nothing."""
    if name not in params:
        hint = did_you_mean(name, params) or f"there {'are ' + ', '.join(params) if params else 'is none'}"
        return f"unknown parameter '{name}'; {hint}"
    low, high = params[name].min, params[name].max
    if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
        bounds = [f"{at:g} or {word}" for at, word in ((low, "more"), (high, "less")) if at is not None]
        return f"{name}={value:g}: the rule file takes {', '.join(bounds) or 'a finite number'}"
    return ""
