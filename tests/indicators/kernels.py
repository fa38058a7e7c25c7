"""Calling any kernel of Pine's `ta` namespace alike, for the tests that all of them must pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators import FALSE, SERIES_KINDS, TA, TRUE, Function, Kind
from engine.market import Bars, Timeframe

NAMES = sorted(TA)
# What each gives, from some bar on, in a market that stands still; those that are not named give the price.
STANDING_STILL: dict[str, float] = {
    "accdist": 0,
    "atr": 0,
    "barssince": 0,
    "bbw": 0,
    "cci": np.nan,
    "change": 0,
    "cmo": np.nan,
    "cog": -7.5,
    "correlation": 0,
    "cross": FALSE,
    "crossover": FALSE,
    "crossunder": FALSE,
    "dev": 0,
    "dmi": np.nan,
    "falling": FALSE,
    "highestbars": -13,
    "iii": np.nan,
    "kcw": 0,
    "lowestbars": -13,
    "macd": 0,
    "mfi": 100,
    "mom": 0,
    "nvi": 1,
    "obv": 0,
    "percentrank": 100,
    "pivothigh": np.nan,
    "pivotlow": np.nan,
    "pvi": 1,
    "pvt": 0,
    "range": 0,
    "rci": np.nan,
    "rising": FALSE,
    "roc": 0,
    "rsi": 100,
    "stdev": 0,
    "stoch": np.nan,
    "tr": 0,
    "tsi": np.nan,
    "variance": 0,
    "wad": 0,
    "wpr": np.nan,
    "wvad": np.nan,
}
# The power of 10 that a function, or an output of it, grows by when prices and volume are 10 times as large; or 0.
GROWS = dict.fromkeys(
    ("accdist", "atr", "ema", "obv", "pvt", "rma", "sma", "supertrend", "tr", "vwap", "wad", "wvad"), 1
)
GROWS |= dict.fromkeys(("highest", "lowest", "pivot_point_levels", "pivothigh", "pivotlow", "sar", "valuewhen"), 1)
GROWS |= dict.fromkeys(
    ("alma", "change", "cum", "hma", "linreg", "macd", "max", "min", "mom", "swma", "vwma", "wma"), 1
)
GROWS |= dict.fromkeys(
    (
        "bb",
        "dev",
        "kc",
        "median",
        "mode",
        "percentile_linear_interpolation",
        "percentile_nearest_rank",
        "range",
        "stdev",
    ),
    1,
)
GROWS |= {"iii": -1, "variance": 2, "supertrend.direction": 0}
# Those that take what is below 1e-10 for zero, as TradingView does, so that tiny prices have other values.
FLOORED = {
    "cmo",
    "correlation",
    "cross",
    "dmi",
    "falling",
    "mfi",
    "percentile_linear_interpolation",
    "percentile_nearest_rank",
    "percentrank",
    "rci",
    "rising",
    "rsi",
}


def walk(count: int, seed: int = 1, *, level: float = 100.0) -> Bars:
    """Give hourly candles of a random walk around `level`."""
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, 1e-2, count)))
    opens = np.concatenate([[level], close[:-1]])[:count]
    high = np.maximum(opens, close) * (1 + 5e-3 * rng.random(count))
    low = np.minimum(opens, close) * (1 - 5e-3 * rng.random(count))
    return Bars(Timeframe(1, "h"), np.arange(count) * 3_600_000, opens, high, low, close, 1 + rng.random(count))


def series_of(function: Function, bars: Bars) -> list[NDArray[Any]]:
    """Give a series for each parameter that takes one: close, open, and so on; for a condition close >= open."""
    wanted = [p for p in function.parameters if p.kind in SERIES_KINDS]
    given = [bars.close, bars.open, bars.high, bars.low]
    rising = np.where(bars.close >= bars.open, np.int8(TRUE), np.int8(FALSE))
    return [rising.copy() if wanted[i].kind is Kind.CONDITION else given[i].copy() for i in range(len(wanted))]


def constants_of(function: Function, length: int, factor: float) -> list[float | str]:
    """Give a value for each parameter that takes a constant, in order; a number's own default where it has one."""
    values: dict[Kind, float] = {Kind.LENGTH: length, Kind.CONSTANT: factor, Kind.FLAG: True, Kind.WHOLE: 1}
    return [
        p.choices[0]
        if p.kind is Kind.TEXT
        else p.default
        if p.kind is Kind.CONSTANT and isinstance(p.default, float)
        else values.get(p.kind, 1)
        for p in function.parameters
        if p.kind not in SERIES_KINDS
    ]


def call(function: Function, bars: Bars, length: int = 5, factor: float = 2.0) -> list[NDArray[Any]]:
    """Run the kernel on `bars`; give its outputs."""
    read = [getattr(bars, name) for name in function.reads]
    result = function.kernel(*read, *series_of(function, bars), *constants_of(function, length, factor))
    outputs = result if isinstance(result, tuple) else (result,)
    return [np.asarray(output) for output in outputs]
