"""Parabolic stop and reverse: a stop that closes in on the price, faster with each new extreme, and changes side."""

from __future__ import annotations

import math

import numpy as np

from engine.indicators.function import Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel

# The most bars that are taken for settings under which the stop hardly forgets.
_LONGEST = 10_000


@kernel
def sar(high: Column, low: Column, start: float, increment: float, limit: float) -> Column:
    """Wilder's stop: each bar it moves the share `start` + k `increment`, at most `limit`, of its way to the extreme.

    Source: Pine Script reference, ta.sar, and PyneCore, whose authors measured on TradingView that a bar which touches
    the stop does not turn it, and that the numbers are taken as they are, even a `start` above `limit`. The stop begins
    on the second bar, as there: above it where its high is below the first one's, else below (the reference compares
    closes; that is forgotten after some turns). It never lies within the last two bars. A bar with na gives na and is
    skipped.
    """
    out = np.full(len(high), np.nan)
    # All in terms of a stop below the price; for one above it, prices are negative: `side` is -1, `near` is -high.
    side = 1.0
    stop = extreme = speed = 0.0
    near1 = near2 = far1 = far2 = 0.0  # of the last bar, and of the one before
    seen = 0
    for i in range(len(high)):
        if np.isnan(high[i]) or np.isnan(low[i]):
            continue
        near, far = (low[i], high[i]) if side > 0 else (-high[i], -low[i])
        seen += 1
        if seen == 2:
            if far < far1:
                side = -1.0
                near, far, near1, far1 = -far, -near, -far1, -near1
            stop, extreme, speed = near1, far, start
        elif seen > 2:
            stop += speed * (extreme - stop)
            if near < stop:
                side = -side
                near, near1, near2, far, far1, far2 = -far, -far1, -far2, -near, -near1, -near2
                stop = min(-extreme, near, near1, near2)
                extreme, speed = far, start
            else:
                stop = min(stop, near1, near2)
                # Not an `if`: whether a bar goes further is a coin's toss, and a wrong guess costs more.
                faster = min(speed + increment, limit)
                speed = faster if far > extreme else speed
                extreme = far if far > extreme else extreme
        if seen > 1:
            out[i] = side * stop
        near1, near2, far1, far2 = near, near1, far, far1
    return out


def _memory(start: float, increment: float, limit: float) -> int:
    # Two stops that began apart are one from a turn on that both make on the same bar. The chance to wait longer falls
    # exponentially, with the speed of the stop; but one that starts at nearly all of the way turns on nearly every bar,
    # and two of them in turns. In 1,600 restarts for each of 14 settings (eurusd, btcusdt, the sample market) the
    # longest wait was half of this to four fifths; tests/indicators/test_memory.py restarts anew.
    speed = min(start + 2 * increment, limit)
    if speed <= 0 or start >= 1:
        return _LONGEST  # such a stop may never forget
    return min(_LONGEST, math.ceil(18 / speed + 30 / (1 - start)))


FUNCTIONS = (
    Function(
        "sar",
        (
            Parameter("start", Kind.CONSTANT, 0.02),
            Parameter("inc", Kind.CONSTANT, 0.02),
            Parameter("max", Kind.CONSTANT, 0.2),
        ),
        sar,
        _memory,
        reads=("high", "low"),
    ),
)
