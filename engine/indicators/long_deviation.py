"""Mean absolute deviation of windows so long that sums in a tree cost less than adding every distance up.

The values below the mean, and those above, are as far from it in total as their number times the mean is from their
sum. Both are kept in a tree over ranks (rank_tree.py), so that a bar costs O(log length). Sums are kept with what each
addition rounds off (Knuth's TwoSum), for of two nearly equal ones the difference is wanted: they have twice the digits
of a number.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import Column, inlined, kernel
from engine.indicators.rank_tree import Places, blocks, room_for, runs

# The least part of a block's largest value that a deviation may be; rounding leaves some 1e-28 of that.
_LEAST = 1e-18
_SPLIT = 134_217_729.0  # 2**27 + 1: takes a number apart into halves of its digits (Veltkamp)


def deviations_long(source: Column, mean: Column, length: int) -> Column:
    """Give the average distance of the last `length` values to `mean`; na where one of them is na, or infinite."""
    out = np.full(len(source), np.nan)
    for begin, end in runs(np.isfinite(source)):
        if end - begin < length:
            continue
        known, means, results = source[begin:end], mean[begin:end], out[begin:end]
        for block in blocks(known, length):
            part = slice(block.first, block.stop)
            _deviate(block.values, block.order, means[part], block.earlier, length, results[part])
        results[: length - 1] = np.nan
    return out


@inlined
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Give a sum, and what was rounded off it."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@kernel
def _directly(values: Column, k: int, length: int, mean: float) -> float:
    """Give the sum of all distances, the newest first; after spikes so large that sums have lost all digits."""
    total = 0.0
    for i in range(k, k - length, -1):
        total += abs(values[i] - mean)
    return total


@kernel
def _deviate(values: Column, order: Places, mean: Column, earlier: int, length: int, out: Column) -> None:
    count, size = len(values), room_for(len(values))
    ranks, by_rank = np.empty(count, np.int32), np.full(size, np.inf)
    for k in range(count):
        ranks[order[k]] = k
        by_rank[k] = values[order[k]]
    least = _LEAST * length * max(abs(by_rank[0]), abs(by_rank[count - 1]))
    counts, sums, rests = np.zeros(size), np.zeros(size), np.zeros(size)
    whole = whole_rest = 0.0
    alike = 0
    for k in range(count):
        alike = alike + 1 if k > 0 and values[k] == values[k - 1] else 1
        for turn in range(2):
            if turn == 0 and k < length:
                continue
            at = k - length if turn == 0 else k
            sign = -1.0 if turn == 0 else 1.0
            x = sign * values[at]
            whole, lost = _two_sum(whole, x)
            whole_rest += lost
            i = ranks[at] + 1
            while i < size:
                sums[i], lost = _two_sum(sums[i], x)
                counts[i] += sign
                rests[i] += lost
                i += i & -i
        if k < earlier or k < length - 1:
            continue
        m = mean[k - earlier]
        found, step = 0, size >> 1
        below = low = low_rest = 0.0
        while step > 0:
            if by_rank[found + step - 1] <= m:
                found += step
                below += counts[found]
                low, lost = _two_sum(low, sums[found])
                low_rest += lost + rests[found]
            step >>= 1
        # (2 below - length) mean + whole - 2 low, each with the digits that a number has no room for.
        factor = 2.0 * below - length
        upper = _SPLIT * m
        upper -= upper - m
        product = factor * m
        rest = (factor * upper - product) + factor * (m - upper)
        total, lost = _two_sum(whole, -2.0 * low)
        rest += lost + (whole_rest - 2.0 * low_rest)
        total, lost = _two_sum(total, product)
        total += rest + lost
        if not total >= least:
            total = length * abs(values[k] - m) if alike >= length else _directly(values, k, length, m)
        out[k - earlier] = total / length
