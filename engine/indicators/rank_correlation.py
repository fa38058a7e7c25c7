"""Rank correlation index: whether the last values rise in order (100), fall in order (-100), or neither."""

from __future__ import annotations

import math

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function
from engine.indicators.kernel import Column, inlined, kernel
from engine.indicators.long_rank_correlation import rank_correlation_long

# TradingView gives one rank to all values less than this above the lowest of them; measured by PyneCore's authors.
_EQUAL = 1e-10
# The longest window of which pairs are compared and not counted in a tree: where both were measured to take as long.
LONGEST_PAIRED = 128
# Bars whose pairs are counted together.
_TOGETHER = 512


@kernel
def _sorted(source: Column, length: int) -> Column:
    """Give rci of any column. The window's bars are kept in order: a bar costs `length` steps and no sorting."""
    n = len(source)
    out = np.full(n, np.nan)
    order = np.empty(length, dtype=np.int64)  # the window's bars by value
    size = 0  # how many there are; since the last na
    middle = (length - 1) / 2.0
    spread_of_time = (length * length - 1) / 12.0
    for i in range(n):
        x = source[i]
        if np.isnan(x):
            size = 0
            continue
        if size == length:
            k = 0
            while order[k] != i - length:
                k += 1
            for j in range(k, length - 1):
                order[j] = order[j + 1]
            size -= 1
        k = size
        while k > 0 and source[order[k - 1]] > x:
            order[k] = order[k - 1]
            k -= 1
        order[k] = i
        size += 1
        if size < length or i < length:
            continue
        covariance = spread_of_ranks = 0.0
        start = 0
        while start < length:
            lowest, stop = source[order[start]], start + 1
            times = order[start] - (i - length + 1)
            while stop < length and source[order[stop]] - lowest < _EQUAL:
                times += order[stop] - (i - length + 1)
                stop += 1
            count = stop - start
            rank = (start + stop - 1) / 2.0 - middle
            covariance += rank * (times - count * middle)
            spread_of_ranks += count * rank * rank
            start = stop
        if spread_of_ranks > 0.0:
            out[i] = 100.0 * (covariance / length) / (np.sqrt(spread_of_time) * np.sqrt(spread_of_ranks / length))
    return out


@inlined
def _pairs(later: Column, earlier: Column, apart: float, sums: Column, equals: Column) -> int:
    """Add pairs to `sums` and `equals`; give how many are neither equal nor 1e-10 apart, or na."""
    close = 0
    for k in range(len(later)):
        step = later[k] - earlier[k]
        close += 0 if (step == 0.0) | (abs(step) >= _EQUAL) else 1
        sums[k] += (apart if step > 0.0 else 0.0) - (apart if step < 0.0 else 0.0)
        equals[k] += 1.0 if step == 0.0 else 0.0
    return close


@kernel
def _pairwise(source: Column, length: int) -> tuple[Column, bool]:
    """Give rci, and whether it is right: no values close without being equal, and no na.

    Each pair of a window's bars, as far apart as d, gives d where the later one is higher, -d where it is lower: half
    their sum is the covariance of ranks and times. All are whole numbers, so that nothing is lost as pairs come and go,
    and they are counted for several bars at once.
    """
    n = len(source)
    out = np.full(n, np.nan)
    counts = np.empty((4, _TOGETHER))
    come, go, equals_come, equals_go = counts[0], counts[1], counts[2], counts[3]
    spread_of_time = (length * length - 1) / 12.0
    most = float(length * length - 1) * length
    total = ties = 0.0
    close = 0
    for first in range(0, n, _TOGETHER):
        stop = min(first + _TOGETHER, n)
        full = max(first, length)
        counts[:] = 0.0
        for back in range(1, length):
            begin = min(max(first, back), stop)
            at = begin - first
            close += _pairs(source[begin:stop], source[begin - back : stop - back], back, come[at:], equals_come[at:])
            if full < stop:
                gone, later = source[full - length : stop - length], source[full - length + back : stop - length + back]
                _pairs(later, gone, back, go[full - first :], equals_go[full - first :])
        for k in range(stop - first):
            total += come[k] - go[k]
            ties += 3.0 * (equals_come[k] * (equals_come[k] + 1.0) - equals_go[k] * (equals_go[k] + 1.0))
            come[k], go[k] = total, ties
        if full >= stop:
            continue
        sums, tied, results = come[full - first :], go[full - first :], out[full:stop]
        for k in range(len(results)):
            spread_of_ranks = (most - tied[k]) / 12.0
            divisor = np.sqrt(spread_of_time) * np.sqrt(spread_of_ranks / length)
            ratio = 100.0 * (sums[k] / 2.0 / length) / divisor
            results[k] = ratio if spread_of_ranks > 0.0 else np.nan
    return out, close == 0


def rci(source: Column, length: int) -> Column:
    """Spearman's correlation of value and time over the last `length` bars, in percent; equal values share a rank.

    Source: Pine Script reference, ta.rci. Needs `length` earlier bars, one more than its window has, as on TradingView.
    na where one of the window's bars is na, or all values are equal.
    """
    if length <= LONGEST_PAIRED:
        out, right = _pairwise(source, length)
    else:
        out, right = rank_correlation_long(source, length, math.nextafter(_EQUAL, 0.0))
        out[:length] = np.nan
    return out if right else _sorted(source, length)


FUNCTIONS = (Function("rci", (SOURCE, LENGTH), rci, lambda length: length, follows=Follows.SHAPE),)
