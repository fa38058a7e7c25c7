"""The change over some bars: plain, and in percent."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel


def change(source: Column, length: int) -> Column:
    """Source - source[length]; na where either is. Source: Pine Script reference, ta.change and ta.mom."""
    out = np.empty(len(source))
    out[:length] = np.nan
    with np.errstate(all="ignore"):
        np.subtract(source[length:], source[:-length], out=out[length:])
    return out


def roc(source: Column, length: int) -> Column:
    """100 (source - source[length]) / source[length]; na where either is. Source: Pine Script reference, ta.roc."""
    out = np.empty(len(source))
    _roc(source, length, out)
    return out


@kernel
def _roc(source: Column, length: int, out: Column) -> None:
    out[:length] = np.nan
    for i in range(len(source) - length):
        out[i + length] = 100.0 * (source[i + length] - source[i]) / source[i]


FUNCTIONS = (
    Function("change", (SOURCE, Parameter("length", Kind.LENGTH, 1)), change, int, follows=Follows.SPREAD),
    Function("mom", (SOURCE, LENGTH), change, int, follows=Follows.SPREAD),
    Function("roc", (SOURCE, LENGTH), roc, int),
)
