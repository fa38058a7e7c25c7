"""Sums of the last values and of their products, for mean, variance and correlation, right to more than 9 digits.

Source: the algorithm of shifted data. Instead of values, their distances to a value of the window are added up, so that
neither a high price nor one far from where it once was leaves a variance without digits. Rounding leaves a part of the
greatest sum there was since the sums began. They begin anew, from the window itself, as soon as what is left of them is
small beside that (a spike has gone, a market stands still), and in each block of bars.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import Column, inlined, kernel

_BLOCK = 256
# The least part of the greatest sum of squares that may be left: some 256 roundings are then less than 1e-10 of it.
_LEAST = 1e-4

# A covariance at or below this is zero, as in rolling_sum.py.
_ZERO = 1e-10


@inlined
def _left(total: float, squares: float, share: float) -> float:
    """Give the sum of squared distances to the mean; `share` is one over the length."""
    return squares - total * (total * share)


@kernel
def _begin(source: Column, i: int, length: int) -> tuple[float, float, float]:
    """Give the value at bar `i`, and the window's sum of distances to it, and of their squares."""
    level = source[i]
    total = squares = 0.0
    for k in range(i - length + 1, i + 1):
        distance = source[k] - level
        total += distance
        squares += distance * distance
    return level, total, squares


@kernel
def _begin_products(x: Column, y: Column, x_level: float, y_level: float, i: int, length: int) -> float:
    total = 0.0
    for k in range(i - length + 1, i + 1):
        total += (x[k] - x_level) * (y[k] - y_level)
    return total


@kernel
def moments_from(first: int, source: Column, length: int, biased: bool, means: Column, out: Column) -> bool:
    """Write the variances, and unless `means` is empty the means, from bar `first` on; tell whether no bar is na.

    At least `length` bars come before `first`.
    """
    share, factor = 1.0 / length, 1.0 / (length if biased else length - 1)
    block = max(_BLOCK, 4 * length)
    for begin in range(first, len(source), block):
        stop = min(begin + block, len(source))
        come, go, variances = source[begin:stop], source[begin - length : stop - length], out[begin:stop]
        averages = means[begin:stop]
        level, total, squares = _begin(source, begin - 1, length)
        most = squares
        for k in range(len(come)):
            new, old = come[k] - level, go[k] - level
            total += new - old
            squares += (new - old) * (new + old)
            most = squares if squares > most else most
            left = _left(total, squares, share)
            if not left >= _LEAST * most:
                if np.isnan(come[k]):
                    return False
                level, total, squares = _begin(source, begin + k, length)
                most, left = squares, max(_left(total, squares, share), 0.0)
            variances[k] = left * factor
            if len(averages) > 0:
                averages[k] = level + total * share
    return True


@kernel
def correlations_from(first: int, x: Column, y: Column, length: int, out: Column) -> int:
    """Write the correlations from bar `first` on, as `moments_from` does; give the first with na, or their number."""
    share = 1.0 / length
    block = max(_BLOCK, 4 * length)
    products = np.empty(block)
    for begin in range(first, len(x), block):
        stop = min(begin + block, len(x))
        x_come, x_go = x[begin:stop], x[begin - length : stop - length]
        y_come, y_go, values = y[begin:stop], y[begin - length : stop - length], out[begin:stop]
        x_level, sx, sxx = _begin(x, begin - 1, length)
        y_level, sy, syy = _begin(y, begin - 1, length)
        sxy = _begin_products(x, y, x_level, y_level, begin - 1, length)
        x_most, y_most = sxx, syy
        ended = stop
        for k in range(len(values)):
            a, b, c, d = x_come[k] - x_level, y_come[k] - y_level, x_go[k] - x_level, y_go[k] - y_level
            sx += a - c
            sy += b - d
            sxx += (a - c) * (a + c)
            syy += (b - d) * (b + d)
            sxy += a * b - c * d
            x_most = sxx if sxx > x_most else x_most
            y_most = syy if syy > y_most else y_most
            x_left, y_left = _left(sx, sxx, share), _left(sy, syy, share)
            if not ((x_left >= _LEAST * x_most) & (y_left >= _LEAST * y_most)):
                if np.isnan(x_come[k] * y_come[k]):
                    ended = begin + k
                    break
                x_level, sx, sxx = _begin(x, begin + k, length)
                y_level, sy, syy = _begin(y, begin + k, length)
                sxy = _begin_products(x, y, x_level, y_level, begin + k, length)
                x_most, y_most = sxx, syy
                x_left, y_left = max(_left(sx, sxx, share), 0.0), max(_left(sy, syy, share), 0.0)
            values[k] = (sxy - sx * (sy * share)) * share
            products[k] = x_left * y_left * share * share
        for k in range(ended - begin):
            covariance, product = values[k], products[k]
            ratio = covariance / np.sqrt(product if product > 0.0 else np.nan)
            values[k] = 0.0 if abs(covariance) <= _ZERO else ratio
        if ended < stop:
            return ended
    return len(x)
