"""Median, mode, percentiles and percentrank of windows so long that counting in a tree costs less than comparing.

They are to the bit those that sorted_window.py and percentiles.py give, in O(log length) a bar.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import Column, kernel
from engine.indicators.rank_tree import Places, add, below, blocks, grouped, ranks_at, room_for


def ranked_long(source: Column, length: int, lower: int, share: float, near: float) -> tuple[Column, bool]:
    """Give the values ranked `lower` (from 0) and next, weighted 1 - `share` and `share`; below 0: the first alone.

    What is missing of a window, at the start, is ranked first, as na. Values up to `near` apart count as equal, and of
    equal ones the newest is ranked first. Tells also whether that is clear: where values are equal one by one but not
    all to each other it is not, nor (with `near` above 0) where one is na later on, or infinite; then the values mean
    nothing. With a `near` of 0 there must be no na.
    """
    out = np.full(len(source), np.nan)
    lead = int(np.argmax(~np.isnan(source))) if len(source) > 0 else 0
    known, results = source[lead:], out[lead:]
    for block in blocks(known, length):
        _, ranks, clear = grouped(block.values, block.order, near)
        if not clear or (near > 0.0 and not np.isfinite(block.values[block.order[[0, -1]]]).all()):
            return out, False
        _select(block.values, ranks, block.earlier, length, lower, share, results[block.first : block.stop])
    out[: length - 1] = np.nan
    return out, True


@kernel
def _select(values: Column, ranks: Places, earlier: int, length: int, lower: int, share: float, out: Column) -> None:
    tree = np.zeros(room_for(len(values)), np.int32)
    by_rank = np.empty(len(values))
    for k in range(len(values)):
        by_rank[ranks[k]] = values[k] + 0.0  # as 0 where it is -0
    for k in range(len(values)):
        if k >= length:
            add(tree, ranks[k - length], -1)
        add(tree, ranks[k], 1)
        place = lower - max(length - 1 - k, 0)
        if k < earlier or place < 0:
            continue
        rank, next_rank = ranks_at(tree, place)
        value = by_rank[rank]
        if share >= 0.0:
            value = value * (1.0 - share) + by_rank[next_rank] * share
        out[k - earlier] = value


def mode_long(source: Column, length: int) -> Column:
    """Give the most frequent of the last `length` values; of several, the smallest. There must be no na."""
    out = np.empty(len(source))
    for block in blocks(source, length):
        group_of, _, _ = grouped(block.values, block.order, 0.0)
        _most_frequent(block.values, group_of, block.earlier, length, out[block.first : block.stop])
    out[: length - 1] = np.nan
    return out


@kernel
def _most_frequent(values: Column, group_of: Places, earlier: int, length: int, out: Column) -> None:
    """A tournament: each match is won by the more frequent value, of two alike by the lower one."""
    size = room_for(len(values))
    # How often a value stands in the window, in the upper digits; how low it is, in the lower ones.
    scores = np.zeros(2 * size, np.int64)
    shown = np.empty(len(values))
    for group in range(size):
        scores[size + group] = size - 1 - group
    for k in range(len(values)):
        shown[group_of[k]] = values[k]
        for turn in range(2):
            if turn == 0 and k < length:
                continue
            at = size + group_of[k - length if turn == 0 else k]
            scores[at] += -size if turn == 0 else size
            while at > 1:
                at >>= 1
                left, right = scores[2 * at], scores[2 * at + 1]
                best = left if left > right else right
                if scores[at] == best:
                    break
                scores[at] = best
        if k >= earlier:
            out[k - earlier] = shown[size - 1 - (scores[1] & (size - 1))]


def share_below_long(source: Column, length: int, near: float) -> Column:
    """Give the percentage of the `length` values before that are at most `near` above each; na among them is not."""
    out = np.empty(len(source))
    for block in blocks(source, length):
        _count_below(block.values, block.order, block.earlier, length, near, out[block.first : block.stop])
    out[:length] = np.nan
    return out


@kernel
def _count_below(values: Column, order: Places, earlier: int, length: int, near: float, out: Column) -> None:
    tree = np.zeros(room_for(len(values)), np.int32)
    ranks, reach = np.empty(len(values), np.int32), np.empty(len(values), np.int32)
    end = 0
    for k in range(len(values)):
        at = order[k]
        ranks[at] = k
        while end < len(values) and values[order[end]] - values[at] <= near:
            end += 1
        reach[at] = end
    for k in range(len(values)):
        x = values[k]
        if k >= earlier:
            out[k - earlier] = np.nan if np.isnan(x) else below(tree, reach[k]) * 100.0 / length
        if k >= length and not np.isnan(values[k - length]):
            add(tree, ranks[k - length], -1)
        if not np.isnan(x):
            add(tree, ranks[k], 1)
