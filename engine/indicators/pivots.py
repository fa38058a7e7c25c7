"""Pivots: a high that nothing on its left exceeds and all on its right stay below; a low likewise.

Source: Pine Script reference, ta.pivothigh and ta.pivotlow. The value stands on the bar that confirms the pivot,
`rightbars` after it. Comparison is exact; of equal highs in a row the last one is the pivot.

What na does is PyneCore's account of TradingView: a bar with na gives na, and the call does not run on it. The window
of leftbars + rightbars + 1 bars lies in a ring one larger, where such a bar leaves what stood there before (0 if
nothing did), which counts once the extreme has grown too old. Before the first known bar there is nothing.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import Follows, Function, Kind, Parameter
from engine.indicators.kernel import Column, kernel


@kernel
def _pivot(source: Column, left: int, right: int, sign: float) -> Column:
    """Give the pivot highs (`sign` 1) or lows (-1). Needs `left` + `right` earlier bars."""
    n = len(source)
    length = left + right + 1
    out = np.full(n, np.nan)
    ring = np.zeros(length + 1)
    # The window's bars that no later one equals or exceeds, oldest first: the first is its newest extreme.
    queue = np.empty(length + 1, dtype=np.int64)
    head = tail = slot = 0
    kept, kept_at = np.nan, -1
    for i in range(n):
        known = not np.isnan(source[i])
        if kept_at < 0 and not known:
            continue
        slot = slot + 1 if slot < length else 0
        x = sign * source[i] if known else ring[slot]
        ring[slot] = x
        if head != tail and queue[head] <= i - length:
            head = head + 1 if head < length else 0
        while head != tail:
            last = tail - 1 if tail > 0 else length
            back = slot - (i - queue[last])
            if ring[back if back >= 0 else back + length + 1] > x:
                break
            tail = last
        queue[tail] = i
        tail = tail + 1 if tail < length else 0
        if not known:
            continue
        if not kept > x:
            kept, kept_at = x, i
        elif i - kept_at >= length:
            kept_at = queue[head]
            back = slot - (i - kept_at)
            kept = ring[back if back >= 0 else back + length + 1]
        if i >= length - 1 and i - kept_at == right:
            out[i] = sign * kept
    return out


def pivothigh(source: Column, left: int, right: int) -> Column:
    """Give the price of the pivot high `right` bars ago where there was one, else na."""
    return _pivot(source, left, right, 1.0)


def pivotlow(source: Column, left: int, right: int) -> Column:
    """Give the price of the pivot low `right` bars ago where there was one, else na."""
    return _pivot(source, left, right, -1.0)


def _memory(left: int, right: int) -> int:
    # Of a source without na in between; with it, as far as the ring's old values reach.
    return left + right


_SIDES = (Parameter("leftbars", Kind.WHOLE), Parameter("rightbars", Kind.WHOLE))

_HIGH = (Parameter("source", Kind.SERIES, implied="high"), *_SIDES)
_LOW = (Parameter("source", Kind.SERIES, implied="low"), *_SIDES)

FUNCTIONS = (
    Function("pivothigh", _HIGH, pivothigh, _memory, follows=Follows.LEVEL),
    Function("pivotlow", _LOW, pivotlow, _memory, follows=Follows.LEVEL),
)
