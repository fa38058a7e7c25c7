"""Pine's rounding, to the bit: half away from zero, where a value counts as half from 1e-10 below it.

Which of two doubles is nearer is decided on their exact product. Source: what PyneCore's authors measured on
TradingView. `math.round` with a precision keeps the whole part and rounds the fraction; a precision above 16 acts as
16, one of 0 or less as none, which rounds to a whole number without any tolerance.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from engine.market.bars import Column
from engine.rules.operation import Value

_TOLERANCE = 1e-10
_ALL_WHOLE = 2.0**52  # from here on every double is a whole number
_MOST_DECIMALS = 16.0
_SPLITTER = 134_217_729.0  # 2**27 + 1


def rounded(number: Value, precision: Value) -> Value:
    """Round to `precision` decimals."""
    magnitude = np.abs(np.asarray(number, dtype=np.float64))
    whole = np.where(magnitude >= _ALL_WHOLE, magnitude, np.floor(magnitude + 0.5))
    if isinstance(precision, np.ndarray) and precision.ndim:
        different, places = np.unique(precision, return_inverse=True)
        scale: Column = np.array([_scale(float(decimals)) for decimals in different])[places]
    elif precision <= 0:
        return np.copysign(whole, number) + 0.0
    else:
        scale = np.array(_scale(float(precision)))
    fraction = np.fmod(magnitude, 1.0)
    units = _units(fraction, scale, 1.0)
    result = np.where(np.asarray(precision) <= 0, whole, magnitude - fraction + units / scale)
    return np.copysign(np.where(np.isnan(precision), np.nan, result), number) + 0.0


def rounded_to_tick(number: Value, tick: Value) -> Value:
    """Round to the nearest multiple of `tick`; with a tick of 0, which stands for "not known", not at all."""
    step = Fraction(repr(float(np.asarray(tick).flat[0])))
    if step <= 0:
        return number
    magnitude = np.abs(np.asarray(number, dtype=np.float64))
    minmove, pricescale = float(step.numerator), np.float64(step.denominator)
    units = _units(magnitude, pricescale, minmove)
    result = np.where(magnitude >= _ALL_WHOLE, magnitude, units * minmove / pricescale)
    return np.copysign(result, number) + 0.0


def _scale(decimals: float) -> float:
    return 1.0 / math.pow(10.0, -min(max(decimals, 0.0), _MOST_DECIMALS)) if decimals == decimals else 1.0  # noqa: PLR0124 - na


def _units(value: Column, scale: Value, step: float) -> Column:
    """Give `value` (0 or more) times `scale`, over `step`, as the nearest whole number."""
    product = value * scale
    units = np.floor(product / step)
    remainder = (product - units * step) + _rounded_off(value, scale, product)
    beyond = remainder - step / 2 >= -_TOLERANCE * step
    return units + np.where(beyond, 1.0, 0.0)


def _rounded_off(a: Column, b: Value, product: Column) -> Column:
    """Give a * b - product exactly (Dekker)."""
    a_high = a * _SPLITTER - (a * _SPLITTER - a)
    b_high = b * _SPLITTER - (b * _SPLITTER - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
