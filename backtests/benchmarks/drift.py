"""How far running sums are from exact ones after five million bars: `python -m backtests.benchmarks.drift [BARS]`.

The candles are a random walk far from zero, whose squares have no digits left to lose. At some bars, most of them late,
each value is computed again from its window alone by math.fsum, which is exact to the last bit. Printed is the greatest
relative difference; the limit is 1e-9. Where values are TradingView's to the bit (the first bars of a column,
engine/indicators/rolling_sum.py), what is computed from squared prices or from a price less a mean has a difference
relative to those, since TradingView's own rounding leaves no more. Such bars are printed apart.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from engine.indicators import TA
from engine.indicators.rolling_sum import CHART
from engine.market.bars import Column

BARS, LENGTH, LIMIT = 5_000_000, 50, 1e-9

Exact = Callable[[list[float], list[float]], float]
"""The value at the last bar of a window of closes and volumes, oldest first."""


def mean(x: list[float]) -> float:
    return math.fsum(x) / len(x)


def variance(x: list[float]) -> float:
    middle = mean(x)
    return math.fsum((v - middle) ** 2 for v in x) / len(x)


def linear(x: list[float]) -> float:
    weights = range(1, len(x) + 1)
    return math.fsum(w * v for w, v in zip(weights, x, strict=True)) / sum(weights)


def line(x: list[float]) -> float:
    middle, at = mean(x), (len(x) - 1) / 2
    slope = math.fsum((i - at) * (v - middle) for i, v in enumerate(x)) / math.fsum(
        (i - at) ** 2 for i in range(len(x))
    )
    return middle + slope * at


def correlation(x: list[float], y: list[float]) -> float:
    mx, my = mean(x), mean(y)
    together = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return together / len(x) / math.sqrt(variance(x) * variance(y))


def deviation(x: list[float]) -> float:
    middle = mean(x)
    return math.fsum(abs(v - middle) for v in x) / len(x)


def momentum(x: list[float]) -> float:
    steps = [b - a for a, b in pairwise(x)]
    return 100 * math.fsum(steps) / math.fsum(abs(step) for step in steps)


def flow(x: list[float], volume: list[float]) -> float:
    moved = [(b - a, b * v) for a, b, v in zip(x, x[1:], volume[1:], strict=False)]
    up, down = math.fsum(f for d, f in moved if d > 0), math.fsum(f for d, f in moved if d < 0)
    return 100 - 100 / (1 + up / down)


# Name → extra bars before the window, arguments after the source, definition.
WINDOWS: dict[str, tuple[int, Callable[[Column, Column], object], Exact]] = {
    "sma": (0, lambda c, _: TA["sma"].kernel(c, LENGTH), lambda x, _: mean(x)),
    "wma": (0, lambda c, _: TA["wma"].kernel(c, LENGTH), lambda x, _: linear(x)),
    "vwma": (
        0,
        lambda c, v: TA["vwma"].kernel(v, c, LENGTH),
        lambda x, v: math.fsum(a * b for a, b in zip(x, v, strict=True)) / math.fsum(v),
    ),
    "linreg": (0, lambda c, _: TA["linreg"].kernel(c, LENGTH, 0), lambda x, _: line(x)),
    "cog": (
        0,
        lambda c, _: TA["cog"].kernel(c, LENGTH),
        lambda x, _: -math.fsum((i + 1) * v for i, v in enumerate(reversed(x))) / math.fsum(x),
    ),
    "variance": (0, lambda c, _: TA["variance"].kernel(c, LENGTH, True), lambda x, _: variance(x)),
    "stdev": (0, lambda c, _: TA["stdev"].kernel(c, LENGTH, True), lambda x, _: math.sqrt(variance(x))),
    "bb.upper": (
        0,
        lambda c, _: TA["bb"].kernel(c, LENGTH, 2.0)[1],  # type: ignore[index]  # three columns
        lambda x, _: mean(x) + 2 * math.sqrt(variance(x)),
    ),
    "dev": (0, lambda c, _: TA["dev"].kernel(c, LENGTH), lambda x, _: deviation(x)),
    "cci": (
        0,
        lambda c, _: TA["cci"].kernel(c, LENGTH),
        lambda x, _: (x[-1] - mean(x)) / (0.015 * deviation(x)),
    ),
    "correlation": (0, lambda c, v: TA["correlation"].kernel(c, v, LENGTH), correlation),
    "cmo": (1, lambda c, _: TA["cmo"].kernel(c, LENGTH), lambda x, _: momentum(x)),
    "mfi": (1, lambda c, v: TA["mfi"].kernel(v, c, LENGTH), flow),
}

# Name → what the differences of TradingView's own values are measured by, instead of the value: the (squared) price,
# and of a ratio how much greater that is than the variances, or than the deviation.
SIZES: dict[str, Exact] = {
    "variance": lambda x, _: mean(x) ** 2,
    "stdev": lambda x, _: mean(x),
    "dev": lambda x, _: mean(x),
    "cci": lambda x, _: mean(x) / (0.015 * deviation(x)),
    "correlation": lambda x, y: mean(x) ** 2 / variance(x) + mean(y) ** 2 / variance(y),
}


def totals(high: Column, low: Column, close: Column, volume: Column) -> dict[str, tuple[Column, Column]]:
    """Give for each total without end our column, and its terms."""
    change = np.concatenate([[0.0], np.diff(close)])
    share = change / np.concatenate([close[:1], close[:-1]])
    place = ((close - low) - (high - close)) / (high - low)
    return {
        "cum": (np.asarray(TA["cum"].kernel(close)), close),
        "obv": (np.asarray(TA["obv"].kernel(close, volume)), np.sign(change) * volume),
        "pvt": (np.asarray(TA["pvt"].kernel(close, volume)), share * volume),
        "accdist": (np.asarray(TA["accdist"].kernel(high, low, close, volume)), place * volume),
    }


def worst_of_windows(name: str, close: Column, volume: Column, at: list[int]) -> float:
    """Give the greatest relative difference at the bars `at`; of a value near zero, relative to its usual size."""
    more, ours, exact = WINDOWS[name]
    column = np.asarray(ours(close, volume))
    usual = float(np.nanmean(np.abs(column)))
    worst = 0.0
    for i in at:
        first = i + 1 - LENGTH - more
        x, y = close[first : i + 1].tolist(), volume[first : i + 1].tolist()
        right = exact(x, y)
        size = SIZES[name](x, y) if name in SIZES and i < CHART else max(abs(right), 1e-3 * usual)
        worst = max(worst, abs(column[i] - right) / size)
    return worst


def worst_of_totals(column: Column, terms: Column, at: list[int]) -> float:
    """Give the greatest difference of the total's growth, bar `at` to bar `at`, relative to the total's usual size."""
    usual = float(np.nanmean(np.abs(column)))
    exact = [float(column[at[0]])]
    for a, b in pairwise(at):
        exact.append(math.fsum([exact[-1], *terms[a + 1 : b + 1].tolist()]))
    pairs = zip(at, exact, strict=True)
    return max(abs(float(column[i]) - right) / max(abs(right), 1e-3 * usual) for i, right in pairs)


def main() -> None:
    """Print a line a function; ends with 1 where one drifts."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else BARS
    rng = np.random.default_rng(3)
    close = 60_000 + np.cumsum(np.rint(rng.standard_normal(count) * 20)) / 10
    volume = np.rint(1_000 * rng.exponential(5, count)) / 1_000 + 0.001
    high, low = close + rng.integers(1, 90, count) / 10, close - rng.integers(1, 90, count) / 10
    late = np.linspace(0.9 * count, count - 1, 250).astype(int)
    at = sorted({*(int(i) for i in np.geomspace(200, count - 1, 50)), *(int(i) for i in late)})
    print(
        f"{count:,} bars, close {close.min():,.0f} to {close.max():,.0f}, windows of {LENGTH}, {len(at)} bars checked"
    )
    found = {name: worst_of_windows(name, close, volume, [i for i in at if i >= CHART]) for name in WINDOWS}
    found |= {
        f"{name}, chart": worst_of_windows(name, close, volume, [i for i in at if i < CHART])
        for name in (*SIZES, "bb.upper")
    }
    found |= {name: worst_of_totals(*pair, at) for name, pair in totals(high, low, close, volume).items() if name in TA}
    for name, worst in found.items():
        print(f"  ta.{name:<19} {worst:8.1e}{'' if worst < LIMIT else '  DRIFTS'}")
    if max(found.values()) >= LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
