"""Times our kernels beside pandas-ta-classic's, in one run: `python -m backtests.benchmarks.indicators`.

The candles are those of the sample market: 525,600 bars (a year of minutes) and 500 bars (what a live step computes).
Each time is the best of several, in milliseconds; pandas-ta gets ready-made Series, and TA-Lib stays off.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable

import numpy as np

from engine.indicators import TA
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas as pd
    import pandas_ta_classic as pandas_ta

YEAR = 525_600
LIVE = 500


def best(run: Callable[[], object], seconds: float = 0.3) -> float:
    """Give the shortest time of a call in milliseconds, over about `seconds` of calls and at least three."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def pairs(bars: Bars) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Give for each function a call of ours and a call of pandas-ta's that computes the same."""
    index = pd.DatetimeIndex(bars.time.astype("datetime64[ms]"))
    high, low, close = (pd.Series(column, index=index) for column in (bars.high, bars.low, bars.close))
    slow = np.asarray(TA["ema"].kernel(bars.close, 26))
    slow_series = pd.Series(slow, index=index)
    candles = (bars.high, bars.low, bars.close)
    ours = {name: function.kernel for name, function in TA.items()}
    return {
        "sma 20": (lambda: ours["sma"](bars.close, 20), lambda: pandas_ta.sma(close, 20, talib=False)),
        "ema 20": (lambda: ours["ema"](bars.close, 20), lambda: pandas_ta.ema(close, 20, talib=False)),
        "rma 14": (lambda: ours["rma"](bars.close, 14), lambda: pandas_ta.rma(close, 14)),
        "rsi 14": (lambda: ours["rsi"](bars.close, 14), lambda: pandas_ta.rsi(close, 14, talib=False)),
        "tr": (lambda: ours["tr"](*candles, True), lambda: pandas_ta.true_range(high, low, close, talib=False)),
        "atr 14": (lambda: ours["atr"](*candles, 14), lambda: pandas_ta.atr(high, low, close, 14, talib=False)),
        "crossover": (lambda: ours["crossover"](bars.close, slow), lambda: pandas_ta.cross(close, slow_series)),
        "supertrend 3 10": (
            lambda: ours["supertrend"](*candles, 3.0, 10),
            lambda: pandas_ta.supertrend(high, low, close, 10, 3.0),
        ),
    }


def main() -> None:
    """Print the table."""
    bars = sample_bars("BTC/USDT", Timeframe(1, "m"), SAMPLE_START_MS, YEAR)
    for title, part in ((f"{YEAR:,} bars", bars), (f"{LIVE} bars", bars[:LIVE])):
        print(f"{title:<18} {'ours ms':>9} {'pandas-ta-classic ms':>21} {'ratio':>7}")
        ratios: list[float] = []
        for name, (ours, theirs) in pairs(part).items():
            ours()  # compiled, or loaded from numba's cache
            mine, other = best(ours), best(theirs)
            ratios.append(other / mine)
            print(f"{name:<18} {mine:9.4f} {other:21.3f} {other / mine:6.0f}x")
        print(f"{'geometric mean':<18} {'':>9} {'':>21} {math.exp(np.mean(np.log(ratios))):6.0f}x\n")


if __name__ == "__main__":
    main()
