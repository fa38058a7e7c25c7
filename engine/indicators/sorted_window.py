"""Median and mode of a window, and its value of any rank, for many bars at once.

Source: Pine Script reference, ta.median and ta.mode. A bar with na repeats the last value and is passed over, as
TradingView does (measured there by PyneCore's authors).

Nothing is sorted. Of each bar's value is counted how many of its window are less (or equal), first while it is the
newest. As the window moves on, one value comes and one goes, and each is compared. That depends on no other bar, so
that a processor does several bars at once, without a guess.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.gaps import gapless, packed, spread
from engine.indicators.kernel import Column, inlined, kernel

_TOGETHER = 512
# Numbers this close, but not equal, are another matter in Pine's percentiles.
_EQUAL = 1e-10


@inlined
def _grow_older(source: Column, base: int, count: int, age: int, length: int, ranks: Column) -> None:
    """Count, for `count` values from `base` on, what comes at that age, if not greater, and no more what goes."""
    begin = min(max(length - age - base, 0), count)
    here, comes = source[base : base + count], source[base + age : base + age + count]
    for k in range(begin):
        ranks[k] += 1.0 if comes[k] <= here[k] else 0.0
    here, comes, counts = here[begin:], comes[begin:], ranks[begin:]
    goes = source[base + begin + age - length : base + age - length + count]
    for k in range(count - begin):
        counts[k] += (1.0 if comes[k] <= here[k] else 0.0) - (1.0 if goes[k] < here[k] else 0.0)


@kernel
def ranked(source: Column, length: int, lower: int, share: float) -> tuple[Column, bool]:
    """Give the values ranked `lower` (from 0) and next, weighted 1 - `share` and `share`; below 0: the first alone.

    Tells also whether no two values up to `length` bars apart are within 1e-10 of each other without being equal. The
    column must not have na, or the values mean nothing, and that is not so.
    """
    n = len(source)
    out = np.full(n, np.nan)
    together = max(_TOGETHER, 2 * length)
    ranks, upper = np.empty(together + length), np.empty(together)
    close, rank = 0, float(lower)
    for first in range(length - 1, n, together):
        stop, base = min(first + together, n), first - length + 1
        values = source[base:stop]
        ranks[:] = 0.0
        for back in range(1, length + 1):
            begin = max(back - base, 0)
            here, earlier, counts = values[begin:], source[base + begin - back : stop - back], ranks[begin:]
            one = 1.0 if back < length else 0.0
            for k in range(len(here)):
                step = here[k] - earlier[k]
                close += 0 if (step == 0.0) | (abs(step) > _EQUAL) else 1
                counts[k] += one if step > 0.0 else 0.0
        results = out[first:stop]
        results[:] = upper[:] = 0.0
        for age in range(length):
            if age > 0:
                _grow_older(source, base, stop - base - age, age, length, ranks)
            counts, here = ranks[length - 1 - age :], source[first - age : stop - age]
            for k in range(len(here) if share < 0.0 else 0):
                x = here[k]  # read whether needed or not: so there is no branch
                results[k] += x if counts[k] == rank else 0.0
            for k in range(len(here) if share >= 0.0 else 0):
                x, count = here[k], counts[k]
                results[k] += x if count == rank else 0.0
                upper[k] += x if count == rank + 1.0 else 0.0
        if share >= 0.0:
            for k in range(stop - first):
                results[k] = results[k] * (1.0 - share) + upper[k] * share
    return out, close == 0


@inlined
def _meet_equals(source: Column, base: int, count: int, age: int, length: int, equals: Column) -> None:
    """Count, for `count` values from `base` on, what comes at that age, if equal, and no more what goes."""
    begin = min(max(length - age - base, 0), count)
    here, comes = source[base : base + count], source[base + age : base + age + count]
    for k in range(begin):
        equals[k] += 1.0 if comes[k] == here[k] else 0.0
    here, comes, counts = here[begin:], comes[begin:], equals[begin:]
    goes = source[base + begin + age - length : base + age - length + count]
    for k in range(count - begin):
        counts[k] += (1.0 if comes[k] == here[k] else 0.0) - (1.0 if goes[k] == here[k] else 0.0)


@kernel
def _mode(source: Column, length: int) -> Column:
    n = len(source)
    out = np.full(n, np.nan)
    together = max(_TOGETHER, 2 * length)
    equals, most = np.empty(together + length), np.empty(together)
    for first in range(length - 1, n, together):
        stop, base = min(first + together, n), first - length + 1
        values = source[base:stop]
        equals[:] = 1.0
        for back in range(1, length):
            begin = max(back - base, 0)
            here, earlier, counts = values[begin:], source[base + begin - back : stop - back], equals[begin:]
            for k in range(len(here)):
                counts[k] += 1.0 if here[k] == earlier[k] else 0.0
        results = out[first:stop]
        most[:] = 0.0
        for age in range(length):
            if age > 0:
                _meet_equals(source, base, stop - base - age, age, length, equals)
            counts, here = equals[length - 1 - age :], source[first - age : stop - age]
            for k in range(len(here)):
                x, last, count, record = here[k], results[k], counts[k], most[k]
                better = (count > record) | ((count == record) & (x < last))
                results[k] = x if better else last
                most[k] = count if count > record else record
    return out


def median(source: Column, length: int) -> Column:
    """Give the middle of the last `length` known values; of an even number, the mean of the two in the middle."""
    lower, share = (length - 1) // 2, -1.0 if length % 2 else 0.5
    if gapless(source):
        return ranked(source, length, lower, share)[0]
    return spread(ranked(packed(source), length, lower, share)[0], source)


def mode(source: Column, length: int) -> Column:
    """Give the most frequent of the last `length` known values; of several, the smallest."""
    return _mode(source, length) if gapless(source) else spread(_mode(packed(source), length), source)


FUNCTIONS = (
    Function("median", (SOURCE, LENGTH), median, window, follows=Follows.LEVEL),
    Function("mode", (SOURCE, LENGTH), mode, window, follows=Follows.LEVEL),
)
