"""The indicators of Pine's `ta` namespace, by name. Each file of kernels lists its own in FUNCTIONS."""

from __future__ import annotations

from engine.indicators import averages, cross, rsi, supertrend, true_range
from engine.indicators.function import Function

_FILES = (
    averages,
    cross,
    rsi,
    supertrend,
    true_range,
)

TA: dict[str, Function] = {function.name: function for file in _FILES for function in file.FUNCTIONS}
