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
def _replace(ranks: Column, after: Column, old: float, new: float) -> None:
    """Write to `after` the ranks with `new` in them and `old` taken out.

    Both are two longer than the window: they begin with minus infinity and end with infinity. Every rank is written,
    without a search: the processor does several at once and guesses nothing.
    """
    before, here, following, out = ranks[:-2], ranks[1:-1], ranks[2:], after[1:-1]
    for k in range(len(out)):
        lower = before[k] if before[k] < old else here[k]
        upper = here[k] if here[k] < old else following[k]
        x = upper if upper < new else new
        out[k] = lower if lower > x else x


@kernel
def _empty(length: int) -> tuple[Column, Column]:
    """Give the ranks of a window without values, and room for the next ones."""
    ranks = np.full(length + 2, np.inf)
    ranks[0] = -np.inf
    return ranks, ranks.copy()


@kernel
def _median(source: Column, length: int) -> Column:
    out = np.full(len(source), np.nan)
    ranks, after = _empty(length)
    for i in range(len(source)):
        _replace(ranks, after, source[i - length] if i >= length else np.inf, source[i])
        ranks, after = after, ranks
        if i >= length - 1:
            upper = ranks[1 + length // 2]
            out[i] = upper if length % 2 else (ranks[length // 2] + upper) / 2.0
    return out


@kernel
def _mode(source: Column, length: int) -> Column:
    out = np.full(len(source), np.nan)
    ranks, after = _empty(length)
    for i in range(len(source)):
        _replace(ranks, after, source[i - length] if i >= length else np.inf, source[i])
        ranks, after = after, ranks
        if i < length - 1:
            continue
        # Where the first run of `most` values begins, as long as there is one: all places are looked at, several at
        # once, since where a run ends cannot be guessed.
        first = most = 0
        while first < length:
            out[i] = ranks[1 + first]
            most += 1
            begins, ends = ranks[1:], ranks[1 + most :]
            first = length
            for k in range(length - most):
                first = min(first, k if begins[k] == ends[k] else length)
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
