"""Pine's rolling sums of the last values, to the last bit: what ta.variance, ta.correlation and their kin are made of.

Source: measured on TradingView by PyneCore's authors. A bar takes the value that goes away and adds the one that comes,
and carries on what was rounded off. Where that remainder would be rounded off the new value once more, the sum begins
anew from the values themselves, the newest first. A bar with na repeats the last sum and is passed over.
Prices that hardly move leave a variance few of its digits, so that it is TradingView's only if its sums are.

No chart of TradingView's has more than `CHART` bars. Beyond them nobody can know its digits, and ours are right
(shifted_sums.py) instead of equal.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.averages import sma
from engine.indicators.gaps import packed, spread
from engine.indicators.kernel import Column, inlined, kernel
from engine.indicators.shifted_sums import correlations_from, moments_from

CHART = 40_000
"""How many bars of a column have TradingView's last digits."""

# A covariance at or below this is zero; measured on TradingView as above.
_ZERO = 1e-10


@inlined
def _rounded_off(x: float, lost: float) -> float:
    """Give what is above 0, or na after an infinity, where the sum must begin anew."""
    size = abs(lost)
    return size - ((x + size) - x)


@inlined
def _next(x: float, old: float, full: bool, total: float, lost: float) -> tuple[float, float, float]:
    """Give the sum with `x` in and, of a `full` window, `old` out; its remainder; and what will go out for `x`."""
    gone = old + lost
    less = total - gone if full else total
    part = x - (((less - total) + gone) if full else lost)
    more = less + part
    return more, (more - less) - part, part


@kernel
def _sum(x: Column, i: int, length: int) -> float:
    """Give the sum of the window that ends at bar `i`, as it begins anew: the newest first."""
    total: float = x[i]
    for k in range(i - 1, max(i - length, -1), -1):
        total += x[k]
    return total


@kernel
def _sum_of_products(x: Column, y: Column, i: int, length: int) -> float:
    total: float = x[i] * y[i]
    for k in range(i - 1, max(i - length, -1), -1):
        total += x[k] * y[k]
    return total


@kernel
def _moments(source: Column, stop: int, length: int, biased: bool, means: Column, out: Column) -> bool:
    """Write the variances, and unless `means` is empty the means, before bar `stop`; tell whether no bar is na."""
    added, added_squares = np.zeros(length), np.zeros(length)
    total = lost = squares = lost_squares = 0.0
    over = length if biased else length - 1
    at = 0
    for i in range(min(stop, len(source))):
        x = source[i]
        rounded, rounded_squares = _rounded_off(x, lost), _rounded_off(x * x, lost_squares)
        total, lost, added[at] = _next(x, added[at], i >= length, total, lost)
        squares, lost_squares, added_squares[at] = _next(x * x, added_squares[at], i >= length, squares, lost_squares)
        if not rounded <= 0.0:
            if np.isnan(x):
                return False
            total, added[at] = _sum(source, i, length), x
            lost = total - total
        if not rounded_squares <= 0.0:
            squares, added_squares[at] = _sum_of_products(source, source, i, length), x * x
            lost_squares = squares - squares
        at = at + 1 if at + 1 < length else 0
        mean = total / length
        # Divided as TradingView does: not `biased`, each term on its own.
        value = squares / over - (mean * mean if biased else total * mean / over)
        known = i >= length - 1
        out[i] = (0.0 if value < 0.0 else value) if known else np.nan
        if len(means) > 0:
            means[i] = mean if known else np.nan
    return True


@inlined
def _spreads(x: float, xx: float, y: float, yy: float, xy: float, length: int) -> tuple[float, float]:
    """Give the covariance, and the product of the variances: 0 where one is not above 0, as for rounding it may be."""
    mean_x, mean_y = x / length, y / length
    variance_x, variance_y = xx / length - mean_x * mean_x, yy / length - mean_y * mean_y
    product = (variance_x if variance_x > 0.0 else 0.0) * (variance_y if variance_y > 0.0 else 0.0)
    return xy / length - mean_x * mean_y, product


@inlined
def _ratios(products: Column, out: Column) -> None:
    """The covariances in `out` become correlations; apart from the sums, since a processor does several at once."""
    for i in range(len(products)):
        covariance, product = out[i], products[i]
        ratio = covariance / np.sqrt(product if product > 0.0 else np.nan)
        out[i] = 0.0 if abs(covariance) <= _ZERO else ratio


@kernel
def _five_sums(x: Column, y: Column, i: int, length: int) -> tuple[float, float, float, float, float]:
    """Give the sums of the window that ends at bar `i`, as they begin anew: the newest first."""
    a, b = x[i], y[i]
    sx, sxx, sy, syy, sxy = a, a * a, b, b * b, a * b
    for k in range(i - 1, max(i - length, -1), -1):
        a, b = x[k], y[k]
        sx += a
        sxx += a * a
        sy += b
        syy += b * b
        sxy += a * b
    return sx, sxx, sy, syy, sxy


@kernel
def _correlations(x: Column, y: Column, stop: int, length: int, out: Column) -> int:
    """Write the correlations before bar `stop`, or before the first bar with na; give which."""
    stop = min(stop, len(x))
    products, added = np.empty(stop), np.zeros((5, length))
    added_x, added_xx, added_y, added_yy, added_xy = added[0], added[1], added[2], added[3], added[4]
    sx = sxx = sy = syy = sxy = lx = lxx = ly = lyy = lxy = 0.0
    at = 0
    for i in range(stop):
        a, b = x[i], y[i]
        full = i >= length
        rx, rxx, rxy = _rounded_off(a, lx), _rounded_off(a * a, lxx), _rounded_off(a * b, lxy)
        ry, ryy = _rounded_off(b, ly), _rounded_off(b * b, lyy)
        sx, lx, added_x[at] = _next(a, added_x[at], full, sx, lx)
        sxx, lxx, added_xx[at] = _next(a * a, added_xx[at], full, sxx, lxx)
        sy, ly, added_y[at] = _next(b, added_y[at], full, sy, ly)
        syy, lyy, added_yy[at] = _next(b * b, added_yy[at], full, syy, lyy)
        sxy, lxy, added_xy[at] = _next(a * b, added_xy[at], full, sxy, lxy)
        if not ((rx <= 0.0) & (rxx <= 0.0) & (ry <= 0.0) & (ryy <= 0.0) & (rxy <= 0.0)):
            if np.isnan(a * b):
                stop = i
                break
            x_anew, xx_anew, y_anew, yy_anew, xy_anew = _five_sums(x, y, i, length)
            if not rx <= 0.0:
                sx, lx, added_x[at] = x_anew, x_anew - x_anew, a
            if not rxx <= 0.0:
                sxx, lxx, added_xx[at] = xx_anew, xx_anew - xx_anew, a * a
            if not ry <= 0.0:
                sy, ly, added_y[at] = y_anew, y_anew - y_anew, b
            if not ryy <= 0.0:
                syy, lyy, added_yy[at] = yy_anew, yy_anew - yy_anew, b * b
            if not rxy <= 0.0:
                sxy, lxy, added_xy[at] = xy_anew, xy_anew - xy_anew, a * b
        out[i], products[i] = _spreads(sx, sxx, sy, syy, sxy, length)
        at = at + 1 if at + 1 < length else 0
    _ratios(products[:stop], out)
    out[: min(length - 1, stop)] = np.nan
    return stop


@kernel
def _sums_of(source: Column, length: int, divisor: int, out: Column) -> bool:
    """Write the sums, each by `divisor`; tell whether no bar is na."""
    added = np.zeros(length)
    total = lost = 0.0
    at = 0
    for i in range(len(source)):
        x = source[i]
        rounded = _rounded_off(x, lost)
        total, lost, added[at] = _next(x, added[at], i >= length, total, lost)
        if not rounded <= 0.0:
            if np.isnan(x):
                return False
            total, added[at] = _sum(source, i, length), x
            lost = total - total
        at = at + 1 if at + 1 < length else 0
        out[i] = total / divisor
    out[: length - 1] = np.nan
    return True


def _known_sums(source: Column, length: int, divisor: int) -> Column:
    """Give the sums of the last `length` known values, each by `divisor`."""
    out = np.empty(len(source))
    if _sums_of(source, length, divisor, out):
        return out
    return spread(_known_sums(packed(source), length, divisor), source)


@kernel
def _correlations_of(x: Column, xx: Column, y: Column, yy: Column, xy: Column, length: int) -> Column:
    out, products = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        out[i], products[i] = _spreads(x[i], xx[i], y[i], yy[i], xy[i], length)
    _ratios(products, out)
    return out


def pine_means(source: Column, length: int) -> Column:
    """Give ta.sma with TradingView's own last bits: for what is left of a price less its mean, which may be little.

    A bar with na repeats the last mean and is passed over.
    """
    means = _known_sums(source[:CHART], length, length)
    if len(source) <= CHART:
        return means
    out = sma(source, length)
    out[:CHART] = means
    return out


def pine_moments(source: Column, length: int, biased: bool, wants_means: bool) -> tuple[Column, Column]:
    """Give mean (empty unless wanted) and variance of the last `length` known values, na before there are as many."""
    count, chart = len(source), max(CHART, length)
    # NumPy gets large columns in large pages; numba's own are slow when first touched.
    means, out = np.empty(count if wants_means else 0), np.empty(count)
    if _moments(source, chart, length, biased, means, out) and (
        count <= chart or moments_from(chart, source, length, biased, means, out)
    ):
        return means, out
    means, out = pine_moments(packed(source), length, biased, wants_means)
    return (spread(means, source) if wants_means else means), spread(out, source)


def pine_correlation(x: Column, y: Column, length: int) -> Column:
    """Give the correlation of the last `length` values; each series, and the product, passes over its own na."""
    count, chart = len(x), max(CHART, length)
    out = np.empty(count)
    done = _correlations(x, y, chart, length, out)
    if done == chart < count:
        done = correlations_from(chart, x, y, length, out)
    if done < count:
        # From the first na on, of sums that are Pine's on all bars.
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large for a double is infinite, and then na
            terms = (x, x * x, y, y * y, x * y)
        sx, sxx, sy, syy, sxy = (_known_sums(term, length, 1) for term in terms)
        out[done:] = _correlations_of(sx, sxx, sy, syy, sxy, length)[done:]
    return out
