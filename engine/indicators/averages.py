"""Moving averages: simple, exponential, and Wilder's. Bars whose source is na are skipped whole.

Source of the formulas: Pine Script reference, ta.sma, ta.ema, ta.rma. What stands on a bar whose source is na was
measured on TradingView by PyneCore's authors: the simple average holds its value, the others are na.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.kernel import Column, decay_bars, kernel

_BLOCK = 64


def sma(source: Column, length: int) -> Column:
    """Mean of the last `length` values. Needs `length` - 1 earlier values. Holds where the source is na.

    A running sum with compensation, so that it does not drift however long the column is, and is the same wherever it
    begins. TradingView's last bits are others (rolling_sum.py), and depend on that.
    """
    # NumPy gets large columns in large pages; numba's own are slow when first touched.
    out = np.empty(len(source))
    _sma(source, length, out)
    return out


@kernel
def _sma(source: Column, length: int, out: Column) -> None:
    begin = 0
    while begin < len(source) and np.isnan(source[begin]):
        begin += 1
    out[:begin] = np.nan
    total = _means(source[begin:], length, out[begin:])
    if np.isnan(total):
        missing = np.isnan(source)
        means = np.empty(len(source))
        _means(source[~missing], length, means)
        value = np.nan
        count = 0
        for i in range(len(source)):
            if not missing[i]:
                value = means[count]
                count += 1
            out[i] = value


@kernel
def _means(source: Column, length: int, out: Column) -> float:
    """Fill in the means of a column without na; give the last sum, which is na if there is one after all."""
    n = len(source)
    first = min(length, n)
    out[:first] = np.nan
    total = lost = 0.0
    if length == 1:
        for i in range(n):
            out[i] = source[i]
            total += source[i]
        return total
    for i in range(first):
        grown = total + source[i]
        part = grown - total
        lost += (total - (grown - part)) + (source[i] - part)
        total = grown
    if n < length:
        return total
    out[length - 1] = (total + lost) / length
    # From here on a value comes for one that goes. `lost` is the sum of what each addition rounds off, exactly (Knuth's
    # TwoSum). In blocks of loops, most of which the compiler makes take several bars at once.
    change, error, before, after = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for begin in range(length, n, _BLOCK):
        coming, sums = source[begin : begin + _BLOCK], out[begin : begin + _BLOCK]
        going = source[begin - length : begin - length + len(coming)]
        for k in range(len(coming)):
            x = coming[k] - going[k]
            part = x - coming[k]
            change[k] = x
            error[k] = (coming[k] - (x - part)) - (going[k] + part)
        for k in range(len(coming)):
            before[k] = total
            total += change[k]
            after[k] = total
        for k in range(len(coming)):
            part = after[k] - before[k]
            error[k] += (before[k] - (after[k] - part)) + (change[k] - part)
        for k in range(len(coming)):
            lost += error[k]
            error[k] = lost
        for k in range(len(coming)):
            sums[k] = (after[k] + error[k]) / length
    return total


def ema(source: Column, length: int) -> Column:
    """Exponential average, alpha = 2 / (length + 1), begun with the simple average of the first `length` values."""
    out = np.empty(len(source))
    _decaying(source, length, 2.0 / (length + 1), out)
    return out


def rma(source: Column, length: int) -> Column:
    """Wilder's average, alpha = 1 / length, begun with the simple average of the first `length` values."""
    out = np.empty(len(source))
    _decaying(source, length, 1.0 / length, out)
    return out


@kernel
def _decaying(source: Column, length: int, alpha: float, out: Column) -> None:
    begin = 0
    while begin < len(source) and np.isnan(source[begin]):
        begin += 1
    out[:begin] = np.nan
    _decaying_known(source[begin:], length, alpha, out[begin:])
    # An na, once come, stays.
    if begin < len(source) and np.isnan(out[-1]):
        known = np.empty(len(source))
        count = 0
        for i in range(len(source)):
            known[count] = source[i]
            count += not np.isnan(source[i])
        values = np.empty(count)
        _decaying_known(known[:count], length, alpha, values)
        count = 0
        for i in range(len(source)):
            missing = np.isnan(source[i])
            out[i] = np.nan if missing else values[count]
            count += not missing


@kernel
def _decaying_known(source: Column, length: int, alpha: float, out: Column) -> None:
    """Fill in the averages of a column without na."""
    n = len(source)
    # The source itself, and not what is left of it after rounding.
    if length == 1:
        out[:] = source
        return
    first = min(length, n)
    out[:first] = np.nan
    value = 0.0
    for i in range(first):
        value += source[i]
    if n < length:
        return
    value /= length
    out[length - 1] = value
    # value += alpha * (x - value), written out for four bars: what a bar must wait for is one step and not four, and of
    # that step only the last distance. What is added are multiples of distances, so that the average of a constant
    # stands still.
    keep = 1.0 - alpha
    a = alpha
    b, c, d = a * keep, a * keep * keep, a * keep * keep * keep
    four = (a + b) + (c + d)
    whole = n - (n - length) % 4
    for i in range(length, whole, 4):
        s0, s1, s2, s3 = source[i], source[i + 1], source[i + 2], source[i + 3]
        x0, x1, x2, x3 = s0 - value, s1 - value, s2 - value, s3 - value
        out[i] = value + a * x0
        out[i + 1] = value + (b * x0 + a * x1)
        out[i + 2] = value + ((c * x0 + b * x1) + a * x2)
        value = (value + ((d * (s0 - s3) + c * (s1 - s3)) + b * (s2 - s3))) + four * x3
        out[i + 3] = value
    x = source[whole:] - value
    if len(x) > 0:
        out[whole] = value + a * x[0]
    if len(x) > 1:
        out[whole + 1] = value + (b * x[0] + a * x[1])
    if len(x) > 2:
        out[whole + 2] = value + ((c * x[0] + b * x[1]) + a * x[2])


def ema_memory(length: int) -> int:
    """Give how far an ema looks back: its seed's bars, and until that is forgotten."""
    return length - 1 + decay_bars(2 / (length + 1))


def rma_memory(length: int) -> int:
    """Give how far an rma of prices looks back."""
    return length - 1 + decay_bars(1 / length)


FUNCTIONS = (
    Function("sma", (SOURCE, LENGTH), sma, window, follows=Follows.LEVEL),
    Function("ema", (SOURCE, LENGTH), ema, ema_memory, follows=Follows.LEVEL),
    Function("rma", (SOURCE, LENGTH), rma, rma_memory, follows=Follows.LEVEL),
)
