"""Chande's momentum oscillator."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel

# TradingView takes a fall of this much at most for no fall; measured there by PyneCore's authors.
_TOLERANCE = 1e-10


def cmo(series: Column, length: int) -> Column:
    """100 (gains - losses) / (gains + losses) over the last `length` changes: -100 to 100.

    Source: Pine Script reference, ta.cmo. A bar whose source is na, and the bar after it, have no change: they give na
    and are skipped. Without gains and losses it is na.
    """
    out = np.empty(len(series))
    _cmo(series, length, out)
    return out


@kernel
def _cmo(series: Column, length: int, out: Column) -> None:
    # The window is the end of one block of `length` changes and the beginning of the next, whose sums are only added
    # to: so they do not drift, and are exactly 0 where nothing changes.
    changes = np.empty(length)
    end_up, end_down = np.full(length, np.nan), np.full(length, np.nan)
    end_up[length - 1] = end_down[length - 1] = 0.0  # a block's last change needs no other block
    up = down = 0.0
    place = 0
    last = np.nan
    for i in range(len(series)):
        x = series[i] - last
        last = series[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        changes[place] = x
        fall = -x if x < -_TOLERANCE else 0.0
        up += x + fall
        down += fall
        gains, losses = end_up[place] + up, end_down[place] + down
        out[i] = 100.0 * (gains - losses) / (gains + losses)
        place += 1
        if place == length:
            up = down = 0.0
            for k in range(length - 1, -1, -1):
                end_up[k], end_down[k] = up, down
                fall = -changes[k] if changes[k] < -_TOLERANCE else 0.0
                up += changes[k] + fall
                down += fall
            up = down = 0.0
            place = 0


FUNCTIONS = (Function("cmo", (Parameter("series", Kind.SERIES), LENGTH), cmo, int, follows=Follows.SHAPE),)
