"""Percentiles of a window, and the percentage of a window that lies below its newest value.

Source: Pine Script reference, ta.percentile_nearest_rank, ta.percentile_linear_interpolation, ta.percentrank. What
TradingView does beyond that was measured there by PyneCore's authors: values up to 1e-10 apart count as equal; of equal
ones the newest is ranked first and the last ranked leaves first; and na has a rank too. A search for a rank goes on
behind an na, so what is na at the chart's start is ranked first, and what is na later, last.
"""

from __future__ import annotations

import math

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel
from engine.indicators.sorted_window import ranked

_EQUAL = 1e-10
# A rank this close to a whole one is that.
_WHOLE = 1e-9
# Bars that are computed together, so that the processor compares several bars at once.
_TOGETHER = 256


@kernel
def _rank_to_enter(ranks: Column, size: int, x: float) -> int:
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        before = not ranks[middle] - x >= -_EQUAL  # also where either is na
        low, high = (middle + 1 if before else low), (high if before else middle)
    return low


@kernel
def _rank_to_leave(ranks: Column, size: int, x: float) -> int:
    if np.isnan(x):
        for k in range(size):
            if np.isnan(ranks[k]):
                return k
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        behind = x - ranks[middle] < -_EQUAL
        low, high = (low if behind else middle + 1), (middle if behind else high)
    if low > 0 and abs(x - ranks[low - 1]) <= _EQUAL:
        return low - 1
    # An na lay in the way, or a chain of values that are equal one by one.
    for k in range(size - 1, -1, -1):
        if abs(x - ranks[k]) <= _EQUAL:
            return k
    return max(low - 1, 0)


@kernel
def _percentile(source: Column, length: int, lower: int, share: float) -> Column:
    """Give the values ranked `lower` (from 0) and next, weighted 1 - `share` and `share`."""
    n = len(source)
    out = np.full(n, np.nan)
    # Every rank is written, twice a bar, where few would do: the processor writes several at once and guesses nothing.
    before, both = np.full(length + 1, np.nan), np.full(length + 1, np.nan)
    ranks = before[1:]
    for i in range(n):
        x = source[i]
        enter = _rank_to_enter(ranks, length, x)
        for k in range(length):
            behind = x if k == enter else before[k]
            both[k] = ranks[k] if k < enter else behind
        both[length] = x if enter == length else ranks[length - 1]
        leave = _rank_to_leave(both, length + 1, source[i - length] if i >= length else np.nan)
        for k in range(length):
            ranks[k] = both[k] if k < leave else both[k + 1]
        if i >= length - 1:
            out[i] = ranks[lower] if share < 0.0 else ranks[lower] * (1.0 - share) + ranks[lower + 1] * share
    return out


def _ranks(source: Column, length: int, lower: int, share: float) -> Column:
    """Give what `_percentile` does; where no values are close without being equal, any order of equals is as good."""
    out, apart = ranked(source, length, lower, share)
    return out if apart else _percentile(source, length, lower, share)


@kernel
def percentrank(source: Column, length: int) -> Column:
    """Percentage of the `length` values before that are at most this one; na among them is not.

    Needs `length` earlier bars.
    """
    n = len(source)
    out = np.zeros(n)
    out[:length] = np.nan
    for first in range(length, n, _TOGETHER):
        stop = min(first + _TOGETHER, n)
        values, counts = source[first:stop], out[first:stop]
        for back in range(1, length + 1):
            earlier = source[first - back : stop - back]
            for k in range(stop - first):
                counts[k] += 1.0 if earlier[k] - values[k] <= _EQUAL else 0.0
        for k in range(stop - first):
            counts[k] = counts[k] * 100.0 / length if not np.isnan(values[k]) else np.nan
    return out


def nearest_rank(source: Column, length: int, percentage: float) -> Column:
    """Give the value whose rank is `percentage` of `length`, rounded up, from 1; na where the value there is na."""
    rank = min(max(math.ceil(percentage * length / 100.0), 1), length)
    return _ranks(source, length, rank - 1, -1.0)


def linear_interpolation(source: Column, length: int, percentage: float) -> Column:
    """Give the value at rank `percentage` of `length` + 0.5, between the two nearest; na where either is na."""
    rank = length * percentage / 100.0 + 0.5
    if abs(rank - round(rank)) < _WHOLE:
        rank = float(round(rank))
    if rank <= 1.0 or rank >= length:
        return _ranks(source, length, 0 if rank <= 1.0 else length - 1, -1.0)
    lower = math.floor(rank)
    return _ranks(source, length, lower - 1, rank - lower)


def _window(length: int, _percentage: float) -> int:
    return length - 1


_PARAMETERS = (SOURCE, LENGTH, Parameter("percentage", Kind.CONSTANT))

FUNCTIONS = (
    Function("percentile_linear_interpolation", _PARAMETERS, linear_interpolation, _window, follows=Follows.LEVEL),
    Function("percentile_nearest_rank", _PARAMETERS, nearest_rank, _window, follows=Follows.LEVEL),
    Function("percentrank", (SOURCE, LENGTH), percentrank, lambda length: length, follows=Follows.SHAPE),
)
