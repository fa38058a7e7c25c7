"""Order statistics of long windows: values as ranks, and a tree over ranks, so that a bar costs O(log length).

Source of the tree: P. Fenwick, A new data structure for cumulative frequency tables, 1994. Ranks are given once per
block of some lengths of bars, within the block and the bars that its windows reach back to: so a tree has a few times
as many places as a window has bars, and stays in the processor's cache. A block of b bars is sorted in O(b log b).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.indicators.kernel import Column, inlined, kernel

Places = NDArray[np.int32]

# A block with the bars before it fills a tree of at least this room, and of this many times the length.
_LEAST, _TIMES = 2048, 3


class Block(NamedTuple):
    """The bars `first` to `stop` of a column; `values` are theirs, and before them those of `earlier` more bars."""

    first: int
    stop: int
    earlier: int
    values: Column
    order: Places
    """The places of `values`, the lowest first; na last."""


def blocks(source: Column, length: int) -> Iterator[Block]:
    """Cut a column into blocks, each with the `length` bars before it, or as many as there are."""
    size = (1 << (max(_LEAST, _TIMES * length) - 1).bit_length()) - 1 - length
    for first in range(0, len(source), size):
        earlier, stop = min(first, length), min(first + size, len(source))
        values = source[first - earlier : stop]
        yield Block(first, stop, earlier, values, np.argsort(values).astype(np.int32))


def runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give where each run of bars that are all `known` begins, and where it ends."""
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


@kernel
def grouped(values: Column, order: Places, near: float) -> tuple[Places, Places, bool]:
    """Give each value's group, counted from the lowest; each value's own rank; and whether groups are clear.

    Values up to `near` above the lowest of a group are in it. Groups are clear where all values of different ones are
    more than `near` apart. Of a group, the newest value is ranked first.
    """
    count = len(values)
    group_of, ranks, begin = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    group, clear = -1, True
    lowest = before = 0.0
    for k in range(count):
        value = values[order[k]]
        if group < 0 or value - lowest > near:
            clear &= group < 0 or value - before > near
            lowest = value
            group += 1
            begin[group] = k
        before = value
        group_of[order[k]] = group
    for k in range(count - 1, -1, -1):
        group = group_of[k]
        ranks[k] = begin[group]
        begin[group] += 1
    return group_of, ranks, clear


@inlined
def room_for(count: int) -> int:
    """Give how large the arrays of a tree over `count` ranks are: a power of two, above `count`."""
    size = 1
    while size <= count:
        size *= 2
    return size


@inlined
def add(tree: Places, rank: int, number: int) -> None:
    """Add to the number that a rank has."""
    i = rank + 1
    while i < len(tree):
        tree[i] += number
        i += i & -i


@inlined
def below(tree: Places, rank: int) -> int:
    """Give the sum of the numbers of all lower ranks."""
    total = 0
    i = rank
    while i > 0:
        total += tree[i]
        i -= i & -i
    return total


@inlined
def ranks_at(tree: Places, place: int) -> tuple[int, int]:
    """Give the rank of the value that has `place` lower ones in the tree, and of the next; found at the same time."""
    found, next_found, rest, next_rest = 0, 0, place, place + 1
    step = len(tree) >> 1
    while step > 0:
        count, next_count = tree[found + step], tree[next_found + step]
        higher, next_higher = count <= rest, next_count <= next_rest
        rest -= count if higher else 0
        found += step if higher else 0
        next_rest -= next_count if next_higher else 0
        next_found += step if next_higher else 0
        step >>= 1
    return found, next_found
