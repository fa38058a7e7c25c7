"""Rank correlation index of windows so long that counting pairs in a tree costs less than comparing them.

It is to the bit what rank_correlation.py gives, in O(log length) a bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.kernel import Column, inlined, kernel
from engine.indicators.rank_tree import Places, blocks, grouped, room_for, runs

_Counts = NDArray[np.int64]


def rank_correlation_long(source: Column, length: int, near: float) -> tuple[Column, bool]:
    """Give rci, from the window's last bar on; values up to `near` apart share a rank.

    Tells also whether that is clear; where values are equal one by one but not all to each other, or not finite, it is
    not, and the values mean nothing.
    """
    out = np.full(len(source), np.nan)
    for begin, end in runs(~np.isnan(source)):
        if end - begin < length:
            continue
        known, results = source[begin:end], out[begin:end]
        for block in blocks(known, length):
            group_of, _, clear = grouped(block.values, block.order, near)
            if not clear or np.isinf(block.values[block.order[[0, -1]]]).any():
                return out, False
            _correlate(group_of, block.earlier, length, results[block.first : block.stop])
    return out, True


@inlined
def _add(counts: _Counts, times: _Counts, rank: int, count: int, time: int) -> None:
    i = rank + 1
    while i < len(counts):
        counts[i] += count
        times[i] += time
        i += i & -i


@inlined
def _below(counts: _Counts, times: _Counts, rank: int) -> tuple[int, int]:
    count = time = 0
    i = rank
    while i > 0:
        count += counts[i]
        time += times[i]
        i -= i & -i
    return count, time


@kernel
def _correlate(group_of: Places, earlier: int, length: int, out: Column) -> None:
    """As rank_correlation.py adds pairs up: those of the bar that comes, less those of the one that goes.

    How many values are below, and the sum of their times, tell how far apart all pairs with a bar are in total.
    """
    size = room_for(len(group_of))
    counts, times = np.zeros(size, np.int64), np.zeros(size, np.int64)
    own_count, own_time = np.zeros(size, np.int64), np.zeros(size, np.int64)
    spread_of_time = (length * length - 1) / 12.0
    most = float(length * length - 1) * length
    count = time = total = ties = 0
    for k in range(len(group_of)):
        gone = k - length
        if gone >= 0:
            group = group_of[gone]
            _add(counts, times, group, -1, -gone)
            own_count[group] -= 1
            own_time[group] -= gone
            count -= 1
            time -= gone
            lower, lower_time = _below(counts, times, group)
            equal = own_count[group]
            higher, higher_time = count - lower - equal, time - lower_time - own_time[group]
            total -= (higher_time - gone * higher) - (lower_time - gone * lower)
            ties -= 3 * equal * (equal + 1)
        group = group_of[k]
        lower, lower_time = _below(counts, times, group)
        equal = own_count[group]
        higher, higher_time = count - lower - equal, time - lower_time - own_time[group]
        total += (k * lower - lower_time) - (k * higher - higher_time)
        ties += 3 * equal * (equal + 1)
        _add(counts, times, group, 1, k)
        own_count[group] += 1
        own_time[group] += k
        count += 1
        time += k
        if k >= earlier and count == length:
            spread_of_ranks = (most - float(ties)) / 12.0
            divisor = np.sqrt(spread_of_time) * np.sqrt(spread_of_ranks / length)
            ratio = 100.0 * (float(total) / 2.0 / length) / divisor
            out[k - earlier] = ratio if spread_of_ranks > 0.0 else np.nan
