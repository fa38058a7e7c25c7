"""Calling any kernel of Pine's `ta` namespace alike, for the tests that all of them must pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators import TA, Function, Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column

NAMES = sorted(TA)


def walk(count: int, seed: int = 1, *, level: float = 100.0) -> Bars:
    """Give hourly candles of a random walk around `level`."""
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, 1e-2, count)))
    opens = np.concatenate([[level], close[:-1]])[:count]
    high = np.maximum(opens, close) * (1 + 5e-3 * rng.random(count))
    low = np.minimum(opens, close) * (1 - 5e-3 * rng.random(count))
    return Bars(Timeframe(1, "h"), np.arange(count) * 3_600_000, opens, high, low, close, 1 + rng.random(count))


def series_of(function: Function, bars: Bars) -> list[Column]:
    """Give a series for each parameter that takes one: close, open, and so on."""
    wanted = [p for p in function.parameters if p.kind in (Kind.SERIES, Kind.CONDITION)]
    given = [bars.close, bars.open, bars.high, bars.low]
    return [given[i].copy() for i in range(len(wanted))]


def constants_of(function: Function, length: int, factor: float) -> list[float]:
    """Give a value for each parameter that takes a constant, in order."""
    values: dict[Kind, float] = {Kind.LENGTH: length, Kind.CONSTANT: factor, Kind.FLAG: True}
    return [values[p.kind] for p in function.parameters if p.kind in values]


def call(function: Function, bars: Bars, length: int = 5, factor: float = 2.0) -> list[NDArray[Any]]:
    """Run the kernel on `bars`; give its outputs."""
    read = [getattr(bars, name) for name in function.reads]
    result = function.kernel(*read, *series_of(function, bars), *constants_of(function, length, factor))
    outputs = result if isinstance(result, tuple) else (result,)
    return [np.asarray(output) for output in outputs]
