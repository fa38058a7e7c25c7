"""Moving average convergence and divergence."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, Column, decay_bars, kernel


def macd(source: Column, fastlen: int, slowlen: int, siglen: int) -> tuple[Column, Column, Column]:
    """ema(source, fastlen) - ema(source, slowlen), the ema of that over `siglen`, and their difference.

    Source: Pine Script reference, ta.macd. Each ema begins with a simple average. A bar whose source is na is skipped.
    """
    n = len(source)
    line, signal, hist = np.empty(n), np.empty(n), np.empty(n)
    _macd(source, fastlen, slowlen, siglen, line, signal, hist)
    return line, signal, hist


@kernel
def _macd(source: Column, fastlen: int, slowlen: int, siglen: int, line: Column, signal: Column, hist: Column) -> None:
    n = len(source)
    fast_alpha, slow_alpha, signal_alpha = 2.0 / (fastlen + 1), 2.0 / (slowlen + 1), 2.0 / (siglen + 1)
    first = max(fastlen, slowlen)
    fast = slow = smooth = fast_sum = slow_sum = smooth_sum = 0.0
    count = 0
    for i in range(n):
        x = source[i]
        line[i] = signal[i] = hist[i] = np.nan
        if np.isnan(x):
            continue
        count += 1
        if count > fastlen:
            # With length 1 the ema is its source, and not what is left of it after rounding.
            fast = fast + fast_alpha * (x - fast) if fastlen > 1 else x
        else:
            fast_sum += x
            fast = fast_sum / fastlen
        if count > slowlen:
            slow = slow + slow_alpha * (x - slow) if slowlen > 1 else x
        else:
            slow_sum += x
            slow = slow_sum / slowlen
        if count < first:
            continue
        difference = fast - slow
        line[i] = difference
        if count >= first + siglen:
            smooth = smooth + signal_alpha * (difference - smooth) if siglen > 1 else difference
        else:
            smooth_sum += difference
            smooth = smooth_sum / siglen
        if count >= first + siglen - 1:
            signal[i] = smooth
            hist[i] = difference - smooth


def _memory(fastlen: int, slowlen: int, siglen: int) -> int:
    averages = [length - 1 + decay_bars(2 / (length + 1), SEED_LEFT_OF_CHANGES) for length in (fastlen, slowlen)]
    return max(averages) + siglen - 1 + decay_bars(2 / (siglen + 1), SEED_LEFT_OF_CHANGES)


FUNCTIONS = (
    Function(
        "macd",
        (SOURCE, *(Parameter(name, Kind.LENGTH) for name in ("fastlen", "slowlen", "siglen"))),
        macd,
        _memory,
        outputs=("macd", "signal", "hist"),
        follows=Follows.SPREAD,
    ),
)
