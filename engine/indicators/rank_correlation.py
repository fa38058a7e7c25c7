"""Rank correlation index: whether the last values rise in order (100), fall in order (-100), or neither."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function
from engine.indicators.kernel import Column, kernel

# TradingView gives one rank to all values less than this above the lowest of them; measured by PyneCore's authors.
_EQUAL = 1e-10


@kernel
def rci(source: Column, length: int) -> Column:
    """Spearman's correlation of value and time over the last `length` bars, in percent; equal values share a rank.

    Source: Pine Script reference, ta.rci. Needs `length` earlier bars, one more than its window has, as on TradingView.
    na where one of the window's bars is na, or all values are equal. The window's bars are kept in order of their
    values, so that a bar costs `length` steps and no sorting.
    """
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


FUNCTIONS = (Function("rci", (SOURCE, LENGTH), rci, lambda length: length, follows=Follows.SHAPE),)
