"""What code that is not ours does with time, found by measuring: does it look ahead, and how far back?

Look-ahead: the future is cut off, and earlier values must stay. Memory: the past is cut off, and after some bars the
values must be the same again. Values are the same when they differ by less than 1e-9 of their size, or of the
column's mean size, and when they are na together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.indicators.kernel import Column

MEMORY_LIMIT = 4000
_SIZES = (1000, 2500, 5000, 10_000)  # two fifths of the last is MEMORY_LIMIT
# Primes and no round fractions, so that no cut falls on a beat of the indicator or of the calendar.
_CUTS = (0.411, 0.547, 0.683, 0.797, 0.9, 0.971, 0.989, 0.999)
_RESTARTS = (0.101, 0.157, 0.211, 0.269, 0.331, 0.389, 0.433)
_TOLERANCE = 1e-9

# Values from bar `start` to before bar `stop` of a sample, computed from those bars alone: output name → column.
Run = Callable[[int, int], Mapping[str, Column]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an output uses time: `memory` in bars, or why it cannot be used (`refusal`, "" where it can)."""

    memory: int
    refusal: str = ""


def judge(sample: Callable[[int], Run], output: str) -> Verdict:
    """Give the verdict on one output. `sample(n)` runs the indicator on a sample of `n` bars.

    The sample grows until the memory shows. What waits for events (a stop that is hit, a change of side) forgets sooner
    or later by chance: where restarts differ in how long they take, three times their spread is allowed for, and
    where they differ much, a longer sample must agree. Costs 16 runs on 1,000 bars, and mostly no more.
    """
    most = 0
    column: Column | None = None
    for size in _SIZES:
        run = sample(size)
        whole = run(0, size)
        column = whole.get(output)
        if column is None:
            continue
        if _looks_ahead(run, column, output):
            return Verdict(0, "it looks ahead: its value on a bar changes when later bars come")
        if np.unique(_tail(column)).size < 2:
            continue
        waits = [_wait(run, column, output, int(size * restart)) for restart in _RESTARTS]
        if max(waits) > 0.4 * size:
            continue
        confirmed = most > 0
        most = max(most, max(waits) + 2 * (max(waits) - min(waits)))
        if confirmed or min(waits) >= max(waits) / 2:
            return Verdict(min(most, MEMORY_LIMIT))
    return Verdict(0, _unsettled(column))


def _looks_ahead(run: Run, column: Column, output: str) -> bool:
    for cut in _CUTS:
        stop = int(len(column) * cut)
        part = run(0, stop).get(output)
        if part is not None and _differing(column[:stop], part, column):
            return True
    return False


def _wait(run: Run, column: Column, output: str, start: int) -> int:
    """Give how many bars after a restart at bar `start` the values are right for good."""
    part = run(start, len(column)).get(output)
    return len(column) if part is None else _differing(column[start:], part, column)


def _tail(column: Column) -> Column:
    """Give the known values after the last restart."""
    tail = column[int(len(column) * _RESTARTS[-1]) :]
    return tail[~np.isnan(tail)]


def _differing(a: Column, b: Column, whole: Column) -> int:
    """Give the number of bars up to and with the last one on which the columns differ; 0 where none does."""
    known = whole[~np.isnan(whole)]
    size = float(np.mean(np.abs(known))) if known.size else 0.0
    close = np.abs(a - b) <= _TOLERANCE * np.maximum(np.maximum(np.abs(a), np.abs(b)), size)
    same = close | (np.isnan(a) & np.isnan(b))
    wrong = np.flatnonzero(~same)
    return int(wrong[-1]) + 1 if wrong.size else 0


def _unsettled(column: Column | None) -> str:
    bars = f"{_SIZES[-1]:,} bars of the sample market"
    if column is None or not _tail(column).size:
        return f"it gives no values on {bars}, so they cannot be checked for look-ahead"
    if np.unique(_tail(column)).size < 2:
        return f"it never changes on {bars}, so it cannot be checked for look-ahead"
    return (
        f"it depends on where the candles begin, even {MEMORY_LIMIT:,} bars later (a sum without end, such as obv, or"
        " a very long length), so live and backtest would differ"
    )
