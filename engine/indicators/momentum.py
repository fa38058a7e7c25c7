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
        # NumPy takes eight bars at once, where numba takes four.
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
    # As columns of their own, so that the processor sees where they begin and divides several at once.
    changes, now, then = out[length:], source[length:], source[: max(0, len(source) - length)]
    for k in range(len(changes)):
        changes[k] = 100.0 * (now[k] - then[k]) / then[k]


FUNCTIONS = (
    Function("change", (SOURCE, Parameter("length", Kind.LENGTH, 1)), change, int, follows=Follows.SPREAD),
    Function("mom", (SOURCE, LENGTH), change, int, follows=Follows.SPREAD),
    Function("roc", (SOURCE, LENGTH), roc, int),
)
