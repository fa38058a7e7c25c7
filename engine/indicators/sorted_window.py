"""Median and mode of a window, and its value of any rank, for many bars at once.

Source: Pine Script reference, ta.median and ta.mode. A bar with na repeats the last value and is passed over, as
TradingView does (measured there by PyneCore's authors).

Nothing is sorted. Of each bar's value is counted how many of its window are less (or equal), first while it is the
newest. As the window moves on, one value comes and one goes, and each is compared. That depends on no other bar, so
that a processor does several bars at once, without a guess. It takes `length` steps a bar; from the length on at which
a tree takes less long, values are counted in one (long_windows.py), in O(log length).
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.gaps import gapless, packed, spread
from engine.indicators.kernel import Column, kernel
from engine.indicators.long_windows import mode_long, ranked_long

# The longest windows of which values are compared and not counted in a tree: where both were measured to take as long.
LONGEST_RANKED, LONGEST_MODE = 128, 96

_TOGETHER = 512
# Numbers this close, but not equal, are another matter in Pine's percentiles.
_EQUAL = 1e-10


@kernel
def _begun_with(filler: float, source: Column, length: int) -> Column:
    """Put `length` fillers before the first bar, so that windows need not be told from those that are not full."""
    out = np.empty(length + len(source))
    out[:length] = filler
    out[length:] = source
    return out


@kernel
def ranked(source: Column, length: int, lower: int, share: float) -> tuple[Column, bool]:
    """Give the values ranked `lower` (from 0) and next, weighted 1 - `share` and `share`; below 0: the first alone.

    Of equal values the newest is ranked first. Tells also whether there is no na, with which the values mean nothing,
    and no two values up to `length` bars apart are within 1e-10 of each other without being equal.
    """
    bars = _begun_with(np.inf, source, length)
    out = np.empty(len(source))
    out[: length - 1] = np.nan
    together = max(_TOGETHER, 2 * length)
    ranks = np.empty(together + length)
    close, rank, rest = 0, float(lower), 1.0 - share
    for first in range(length - 1, len(source), together):
        results = out[first : first + together]
        # All values of all windows that end in this block: `length` - 1 of them before the block.
        values = bars[first + 1 : first + length + len(results)]
        ranks[:] = 0.0
        for back in range(1, length + 1):
            earlier = bars[first + 1 - back : first + 1 - back + len(values)]
            counted = 1.0 if back < length else 0.0
            for k in range(len(values)):
                step = values[k] - earlier[k]
                close += 0 if (step == 0.0) | (abs(step) > _EQUAL) else 1
                ranks[k] += counted if step > 0.0 else 0.0
        results[:] = 0.0
        for age in range(length):
            before = length - 1 - age
            if age > 0:
                comes, goes = values[age:], bars[first + 1 + age - length :]
                for k in range(before + len(results)):
                    x = values[k]
                    ranks[k] += (1.0 if comes[k] <= x else 0.0) - (1.0 if goes[k] < x else 0.0)
            here, counts = values[before:], ranks[before:]
            for k in range(len(results) if share < 0.0 else 0):
                x = here[k]  # read whether needed or not: so there is no branch
                results[k] += x if counts[k] == rank else 0.0
            for k in range(len(results) if share >= 0.0 else 0):
                x, count = here[k], counts[k]
                results[k] += (x * rest if count == rank else 0.0) + (x * share if count == rank + 1.0 else 0.0)
    return out, close == 0


@kernel
def _mode(source: Column, length: int) -> Column:
    bars = _begun_with(np.nan, source, length)
    out = np.empty(len(source))
    out[: length - 1] = np.nan
    together = max(_TOGETHER, 2 * length)
    equals, most = np.empty(together + length), np.empty(together)
    for first in range(length - 1, len(source), together):
        results = out[first : first + together]
        values = bars[first + 1 : first + length + len(results)]
        equals[:] = 1.0
        most[:] = 0.0
        # From a window's oldest value to its newest. Equal ones before it are enough: the newest of them has them all.
        for place in range(length):
            here, earlier, counts = values[place:], values, equals[place:]
            for k in range(len(here) if place > 0 else 0):
                counts[k] += 1.0 if here[k] == earlier[k] else 0.0
            for k in range(len(results)):
                x, last, count, record = here[k], results[k], counts[k], most[k]
                better = (count > record) | ((count == record) & (x < last))
                results[k] = x if better else last
                most[k] = count if count > record else record
    return out


def median(source: Column, length: int) -> Column:
    """Give the middle of the last `length` known values; of an even number, the mean of the two in the middle."""
    lower, share = (length - 1) // 2, -1.0 if length % 2 else 0.5
    if length <= LONGEST_RANKED:
        out, clear = ranked(source, length, lower, share)
        if clear or gapless(source):
            return out
        return spread(ranked(packed(source), length, lower, share)[0], source)
    if gapless(source):
        return ranked_long(source, length, lower, share, 0.0)[0]
    return spread(ranked_long(packed(source), length, lower, share, 0.0)[0], source)


def mode(source: Column, length: int) -> Column:
    """Give the most frequent of the last `length` known values; of several, the smallest."""
    most_frequent = _mode if length <= LONGEST_MODE else mode_long
    if gapless(source):
        return most_frequent(source, length)
    return spread(most_frequent(packed(source), length), source)


_PARAMETERS = (SOURCE, LENGTH)

FUNCTIONS = (
    Function("median", _PARAMETERS, median, window, follows=Follows.LEVEL),
    Function("mode", _PARAMETERS, mode, window, follows=Follows.LEVEL),
)
