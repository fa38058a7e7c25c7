"""Moving averages with weights that fall by 1 a bar: Pine's wma and hma. The sums below also serve linreg, cog, alma.

Columns to be filled are given: NumPy gets large ones in large pages, while numba's own are slow when first touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.kernel import Column, kernel

# Up to this length the sums are added up anew for every bar, oldest first, as TradingView does, so that they are its
# values to the bit; it costs no more than sums that slide. Longer ones slide, and differ in the last bits.
_ANEW = 24
_BLOCK = 512
_PIECE = 16384


@kernel
def dot(source: Column, weights: Column, divisor: float, out: Column) -> Column:
    """Sum of the window's values times their weights, oldest first as `weights`, by `divisor`.

    Windows count bars, and one that holds na gives na. As many steps per bar as weights, but several bars at once.
    """
    n, length = len(source), len(weights)
    out[: length - 1] = np.nan
    for begin in range(length - 1, n, _BLOCK):
        sums = out[begin : begin + _BLOCK]
        sums[:] = 0.0
        count = len(sums)
        oldest = begin - length + 1
        for k in range(0, length - 3, 4):
            w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
            x = source[oldest + k : oldest + k + count + 3]
            for i in range(count):
                sums[i] = sums[i] + w0 * x[i] + w1 * x[i + 1] + w2 * x[i + 2] + w3 * x[i + 3]
        for k in range(length - length % 4, length):
            w = weights[k]
            x = source[oldest + k : oldest + k + count]
            for i in range(count):
                sums[i] += w * x[i]
        for i in range(count):
            sums[i] /= divisor
    return out


@kernel
def _anew(source: Column, length: int, plain: Column, weighted: Column, divisor: float) -> None:
    """Do what two calls of `dot` would, for the plain sums and those with weights 1 (oldest) to `length`.

    Together, since reading the values takes longer than adding them.
    """
    plain[: length - 1] = weighted[: length - 1] = np.nan
    for begin in range(length - 1, len(source), _BLOCK):
        sums, weighted_sums = plain[begin : begin + _BLOCK], weighted[begin : begin + _BLOCK]
        count = len(sums)
        sums[:] = weighted_sums[:] = 0.0
        oldest = begin - length + 1
        for k in range(0, length - 3, 4):
            x = source[oldest + k : oldest + k + count + 3]
            w0, w1, w2, w3 = k + 1.0, k + 2.0, k + 3.0, k + 4.0
            for i in range(count):
                sums[i] = sums[i] + x[i] + x[i + 1] + x[i + 2] + x[i + 3]
                weighted_sums[i] = weighted_sums[i] + w0 * x[i] + w1 * x[i + 1] + w2 * x[i + 2] + w3 * x[i + 3]
        for k in range(length - length % 4, length):
            x = source[oldest + k : oldest + k + count]
            for i in range(count):
                sums[i] += x[i]
                weighted_sums[i] += (k + 1.0) * x[i]
        if divisor != 1.0:
            for i in range(count):
                weighted_sums[i] /= divisor


@kernel
def _linear_sums(source: Column, length: int, plain: Column, weighted: Column, both: bool, divisor: float) -> None:
    """Fill in the sums of the last `length` values, plain, and with weights 1 (oldest) to `length`.

    Windows count bars, and one that holds na gives na. Without `both`, `plain` is not wanted: give `weighted` for it.
    The weighted ones are divided by `divisor`.
    """
    if length <= _ANEW:
        if both:
            _anew(source, length, plain, weighted, divisor)
        else:
            dot(source, np.arange(1, length + 1).astype(np.float64), divisor, weighted)
        return
    # A window is the end of one block of `length` bars and the beginning of the next. Both parts' sums are only ever
    # added to, so that nothing drifts, cancels, or is spoilt by an na for longer than it is in the window.
    share = 1.0 / divisor
    end, end_weighted = np.full(length, np.nan), np.full(length, np.nan)
    end[length - 1] = end_weighted[length - 1] = 0.0  # a block's last bar needs no other block
    for begin in range(0, len(source), length):
        x = source[begin : begin + length]
        sums, weighted_sums = plain[begin : begin + length], weighted[begin : begin + length]
        total = by_place = place = 0.0
        rest = float(length)
        for k in range(len(x)):
            total += x[k]
            by_place += place * x[k]
            if both:
                sums[k] = end[k] + total
            weighted_sums[k] = (end_weighted[k] + (rest * total + by_place)) * share
            place += 1.0
            rest -= 1.0
        if len(x) == length:
            total = total_weighted = 0.0
            for k in range(length - 1, -1, -1):
                end[k], end_weighted[k] = total, total_weighted
                total += x[k]
                total_weighted += total


def linear_sums(source: Column, length: int) -> Iterator[tuple[int, Column, Column]]:
    """Give the sums of the last `length` values, plain, and with weights 1 (oldest) to `length`, piece by piece.

    With each piece comes where it begins. Pieces stay in the processor's cache; the next one overwrites them.
    """
    size = max(_PIECE, 8 * length)
    if len(source) <= size:
        plain, weighted = np.empty(len(source)), np.empty(len(source))
        _linear_sums(source, length, plain, weighted, True, 1.0)
        yield 0, plain, weighted
        return
    plain, weighted = np.empty(size + length), np.empty(size + length)
    for begin in range(0, len(source), size):
        earlier = min(begin, length - 1)
        part = source[begin - earlier : begin + size]
        _linear_sums(part, length, plain[: len(part)], weighted[: len(part)], True, 1.0)
        yield begin, plain[earlier : len(part)], weighted[earlier : len(part)]


@kernel
def _gaps(source: Column) -> bool:
    """Give whether an na may come after a value."""
    begin = 0
    while begin < len(source) and np.isnan(source[begin]):
        begin += 1
    # Several sums, which do not wait for each other: quicker than to ask each value.
    s0 = s1 = s2 = s3 = 0.0
    x = source[begin:]
    for i in range(0, len(x) - 3, 4):
        s0, s1, s2, s3 = s0 + x[i], s1 + x[i + 1], s2 + x[i + 2], s3 + x[i + 3]
    for i in range(len(x) - len(x) % 4, len(x)):
        s0 += x[i]
    return bool(np.isnan(s0 + s1 + s2 + s3))


@kernel
def _wma(source: Column, length: int, out: Column, gaps: bool) -> None:
    n = len(source)
    carried = source
    if gaps:
        carried = source.copy()
        for i in range(1, n):
            if np.isnan(carried[i]):
                carried[i] = carried[i - 1]
    _linear_sums(carried, length, out, out, False, 0.5 * length * (length + 1))
    if gaps:
        count = 0
        for i in range(n):
            count += not np.isnan(source[i])
            if count < length or np.isnan(source[i]):
                out[i] = np.nan


def wma(source: Column, length: int) -> Column:
    """Average with weights falling by 1 a bar from `length`. Source: Pine Script reference, ta.wma.

    Needs `length` values so far. A bar whose source is na gives na, and stands in the windows of later bars with the
    value before it: so measured on TradingView by PyneCore's authors. Takes no more steps a bar the longer it is: up to
    24 bars they are added up anew, of longer windows the sums slide.
    """
    out = np.empty(len(source))
    _wma(source, length, out, _gaps(source))
    return out


@kernel
def _hma(source: Column, length: int, out: Column) -> None:
    root = int(math.sqrt(length))
    gaps = _gaps(source)
    # Piece by piece, within the processor's cache; with gaps at once, since they matter for however long they last.
    size = len(source) if gaps else max(_PIECE, 8 * length)
    full, half = np.empty(min(size, len(source)) + length + root), np.empty(min(size, len(source)) + length + root)
    for begin in range(0, len(source), size):
        earlier = min(begin, length + root - 2)
        part = source[begin - earlier : begin + size]
        a, b = full[: len(part)], half[: len(part)]
        _wma(part, length, a, gaps)
        _wma(part, length // 2, b, gaps)
        for i in range(len(part)):
            b[i] = 2.0 * b[i] - a[i]
        _wma(b, root, a, gaps)
        out[begin : begin + size] = a[earlier:]


def hma(source: Column, length: int) -> Column:
    """Hull's average: wma(2 wma(source, length / 2) - wma(source, length), sqrt(length)), lengths rounded down.

    Source: Pine Script reference, ta.hma. With length 1 it is na, since half of that is no bar; Pine refuses it.
    """
    out = np.empty(len(source))
    if length == 1:
        out[:] = np.nan
    else:
        _hma(source, length, out)
    return out


def _hma_memory(length: int) -> int:
    return window(length) + window(math.isqrt(length))


FUNCTIONS = (
    Function("hma", (SOURCE, LENGTH), hma, _hma_memory, follows=Follows.LEVEL),
    Function("wma", (SOURCE, LENGTH), wma, window, follows=Follows.LEVEL),
)
