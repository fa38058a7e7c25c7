"""Median and mode of a window that is kept in order.

Source: Pine Script reference, ta.median and ta.mode. A bar with na repeats the last value and is passed over, as
TradingView does (measured there by PyneCore's authors).
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.gaps import gapless, packed, spread
from engine.indicators.kernel import Column, kernel


@kernel
def _replace(ranks: Column, rest: Column, old: float, new: float) -> None:
    """Take `old` out of the ranks and put `new` in.

    Both are one longer than the window: the ranks end with infinity, and `rest`, room for the others, begins with
    minus infinity. Every rank is written, without a search: the processor does several at once and guesses nothing.
    """
    length = len(ranks) - 1
    following, others = ranks[1:], rest[1:]
    for k in range(length):
        others[k] = ranks[k] if ranks[k] < old else following[k]
    for k in range(length):
        x = others[k] if others[k] < new else new
        ranks[k] = rest[k] if rest[k] > x else x


@kernel
def _median(source: Column, length: int) -> Column:
    out = np.full(len(source), np.nan)
    ranks, rest = np.full(length + 1, np.inf), np.full(length + 1, -np.inf)
    for i in range(len(source)):
        _replace(ranks, rest, source[i - length] if i >= length else np.inf, source[i])
        if i >= length - 1:
            upper = ranks[length // 2]
            out[i] = upper if length % 2 else (ranks[length // 2 - 1] + upper) / 2.0
    return out


@kernel
def _mode(source: Column, length: int) -> Column:
    out = np.full(len(source), np.nan)
    ranks, rest = np.full(length + 1, np.inf), np.full(length + 1, -np.inf)
    for i in range(len(source)):
        _replace(ranks, rest, source[i - length] if i >= length else np.inf, source[i])
        if i < length - 1:
            continue
        best, k, most = ranks[0], 0, 1
        while k + most < length:
            if ranks[k + most] == ranks[k]:  # a longer run than the longest so far
                best = ranks[k]
                most += 1
            else:
                k += 1
        out[i] = best
    return out


def median(source: Column, length: int) -> Column:
    """Give the middle of the last `length` known values; of an even number, the mean of the two in the middle."""
    return _median(source, length) if gapless(source) else spread(_median(packed(source), length), source)


def mode(source: Column, length: int) -> Column:
    """Give the most frequent of the last `length` known values; of several, the smallest."""
    return _mode(source, length) if gapless(source) else spread(_mode(packed(source), length), source)


FUNCTIONS = (
    Function("median", (SOURCE, LENGTH), median, window, follows=Follows.LEVEL),
    Function("mode", (SOURCE, LENGTH), mode, window, follows=Follows.LEVEL),
)
