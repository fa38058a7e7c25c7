"""Pine's functions outside `ta` that look back: `bar_index`, `fixnan`, `math.sum`."""

from __future__ import annotations

import numpy as np

from engine.indicators import UNKNOWN, Endless, Follows, Function, Kind, Parameter, Truth
from engine.indicators.function import EVENT_BARS, LENGTH, SOURCE
from engine.indicators.kernel import Column, kernel


def bar_index(time: Column) -> Column:
    """Count the bars from the first candle at hand, which is 0."""
    return np.arange(len(time), dtype=np.float64)


@kernel
def last_number(source: Column) -> Column:
    """Give the last value that is not na, also where the source is na."""
    out = np.empty(len(source))
    last = np.nan
    for i in range(len(source)):
        if not np.isnan(source[i]):
            last = source[i]
        out[i] = last
    return out


@kernel
def last_known(source: Truth) -> Truth:
    """Give the last condition that is not unknown, also where the source is."""
    out = np.empty(len(source), dtype=np.int8)
    last = np.int8(UNKNOWN)
    for i in range(len(source)):
        if source[i] != UNKNOWN:
            last = source[i]
        out[i] = last
    return out


@kernel
def window_sum(source: Column, length: int) -> Column:
    """Sum of the last `length` values. Where the source is na it holds, as PyneCore's authors measured on TradingView.

    What each addition rounds off is kept (Knuth's TwoSum), so that the sum does not drift however long the column is.
    """
    out = np.empty(len(source))
    ring = np.zeros(length)
    count = 0
    total = lost = 0.0
    held = np.nan
    for i in range(len(source)):
        x = source[i]
        out[i] = held
        if np.isnan(x):
            continue
        for change in (x, -ring[count % length]):
            grown = total + change
            part = grown - total
            lost += (total - (grown - part)) + (change - part)
            total = grown
        ring[count % length] = x
        count += 1
        if not np.isfinite(total + lost):  # too large for a double on the way
            total, lost = ring.sum(), 0.0
        if count >= length:
            held = total + lost if np.isfinite(total + lost) else np.nan
        out[i] = held
    return out


LOOKBACK = {
    "bar_index": Function("bar_index", (), bar_index, lambda: 0, ("time",), endless=Endless.SUM, namespace=""),
    "fixnan": Function(
        "fixnan", (SOURCE,), last_number, lambda: EVENT_BARS, endless=Endless.EVENT, follows=Follows.LEVEL, namespace=""
    ),
    "math.sum": Function("sum", (SOURCE, LENGTH), window_sum, lambda length: length - 1, namespace="math."),
}
FIXNAN_CONDITION = Function(
    "fixnan",
    (Parameter("source", Kind.CONDITION),),
    last_known,
    lambda: EVENT_BARS,
    result=Kind.CONDITION,
    endless=Endless.EVENT,
    namespace="",
)
