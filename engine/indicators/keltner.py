"""Keltner channels: an exponential average, and lines some average ranges above and below it."""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import ema
from engine.indicators.function import CANDLE, LENGTH, Follows, Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, Column, decay_bars, kernel
from engine.indicators.true_range import tr


def kc(
    high: Column, low: Column, close: Column, series: Column, length: int, mult: float, use_true_range: bool
) -> tuple[Column, Column, Column]:
    """Give ema, ema + mult * ema of the range, ema - mult * ema of the range. Source: Pine Script reference, ta.kc.

    The range is the true range, na on the first bar, or high - low. Where the series is na, all three are.
    """
    middle, reach = ema(series, length), _reach(high, low, close, length, use_true_range)
    reach *= mult
    return middle, middle + reach, middle - reach


def kcw(
    high: Column, low: Column, close: Column, series: Column, length: int, mult: float, use_true_range: bool
) -> Column:
    """Give the channel's width as a part of its middle. Source: Pine Script reference, ta.kcw.

    Where the middle is 0 it is na.
    """
    middle, width = ema(series, length), _reach(high, low, close, length, use_true_range)
    _width(middle, width, mult)
    return width


def _reach(high: Column, low: Column, close: Column, length: int, use_true_range: bool) -> Column:
    return ema(tr(high, low, close, False) if use_true_range else high - low, length)


@kernel
def _width(middle: Column, reach: Column, mult: float) -> None:
    """Put the width in the place of the reach: in one pass, where NumPy would make four."""
    for i in range(len(middle)):
        away = reach[i] * mult
        width = ((middle[i] + away) - (middle[i] - away)) / middle[i]
        reach[i] = np.nan if middle[i] == 0.0 else width


def _memory(length: int, _mult: float, _use_true_range: bool) -> int:
    return length + decay_bars(2 / (length + 1), SEED_LEFT_OF_CHANGES)


_PARAMETERS = (
    Parameter("series", Kind.SERIES),
    LENGTH,
    Parameter("mult", Kind.CONSTANT),
    Parameter("useTrueRange", Kind.FLAG, "true"),
)

FUNCTIONS = (
    Function(
        "kc",
        _PARAMETERS,
        kc,
        _memory,
        reads=CANDLE,
        outputs=("middle", "upper", "lower"),
        follows=Follows.LEVEL,
    ),
    Function("kcw", _PARAMETERS, kcw, _memory, reads=CANDLE),
)
