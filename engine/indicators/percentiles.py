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
from engine.indicators.kernel import Column, inlined, kernel
from engine.indicators.long_windows import ranked_long, share_below_long
from engine.indicators.sorted_window import LONGEST_RANKED, ranked

_EQUAL = 1e-10
# A rank this close to a whole one is that.
_WHOLE = 1e-9
# The longest window of which percentrank compares all values: where that and a tree were measured to take as long.
LONGEST_SHARE = 384
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


@inlined
def _with_entered(ranks: Column, enter: int, entered: float, k: int) -> float:
    """Give the value ranked `k` with one more that has entered."""
    rank: float = entered if k == enter else ranks[k if k < enter else k - 1]
    return rank


@kernel
def _rank_to_leave(ranks: Column, size: int, enter: int, entered: float, x: float) -> int:
    """Give the rank of the value that leaves, counted with the one that has entered."""
    if np.isnan(x):
        for k in range(size + 1):
            if np.isnan(_with_entered(ranks, enter, entered, k)):
                return k
    low, high = 0, size + 1
    while low < high:
        middle = (low + high) >> 1
        behind = x - _with_entered(ranks, enter, entered, middle) < -_EQUAL
        low, high = (low if behind else middle + 1), (middle if behind else high)
    if low > 0 and abs(x - _with_entered(ranks, enter, entered, low - 1)) <= _EQUAL:
        return low - 1
    # An na lay in the way, or a chain of values that are equal one by one.
    for k in range(size, -1, -1):
        if abs(x - _with_entered(ranks, enter, entered, k)) <= _EQUAL:
            return k
    return max(low - 1, 0)


@kernel
def _percentile(source: Column, length: int, lower: int, share: float) -> Column:
    """Give the values ranked `lower` (from 0) and next, weighted 1 - `share` and `share`."""
    n = len(source)
    out = np.full(n, np.nan)
    ranks = np.full(length, np.nan)
    for i in range(n):
        x = source[i]
        enter = _rank_to_enter(ranks, length, x)
        leave = _rank_to_leave(ranks, length, enter, x, source[i - length] if i >= length else np.nan)
        # What lies between moves over by one; the processor moves several at once.
        if leave > enter:
            for k in range(leave - 1, enter, -1):
                ranks[k] = ranks[k - 1]
            ranks[enter] = x
        elif leave < enter:
            for k in range(leave, enter - 1):
                ranks[k] = ranks[k + 1]
            ranks[enter - 1] = x
        if i >= length - 1:
            out[i] = ranks[lower] if share < 0.0 else ranks[lower] * (1.0 - share) + ranks[lower + 1] * share
    return out


def _ranks(source: Column, length: int, lower: int, share: float) -> Column:
    """Give what `_percentile` does; where no values are close without being equal, any order of equals is as good."""
    if length <= LONGEST_RANKED:
        out, apart = ranked(source, length, lower, share)
    else:
        out, apart = ranked_long(source, length, lower, share, _EQUAL)
    return out if apart else _percentile(source, length, lower, share)


@kernel
def _share_below(source: Column, length: int) -> Column:
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


def percentrank(source: Column, length: int) -> Column:
    """Percentage of the `length` values before that are at most this one; na among them is not.

    Needs `length` earlier bars.
    """
    if length <= LONGEST_SHARE:
        return _share_below(source, length)
    return share_below_long(source, length, _EQUAL)


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
