"""Times our indicators beside TA-Lib's and pandas-ta-classic's: `python -m backtests.benchmarks.indicators`.

The candles are those of the sample market: 525,600 bars (a year of minutes) and 500 bars (what a live step computes).
Our calls are timed as a plan makes them, dispatch included; TA-Lib gets arrays, pandas-ta ready-made Series, with
TA-Lib off. The three take turns, and the best time of each counts. Prints which of the limits hold.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import talib

from backtests.benchmarks.peers import PEERS, Peer
from engine.indicators import TA
from engine.indicators.library import library
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.nodes import Indicator, Result
from engine.rules.single import plan_text

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas as pd

YEAR, LIVE, SYMBOLS = 525_600, 500, 500
MOST_OF_TALIB, LEAST_OF_PANDAS_TA, MOST_LIVE_US, MOST_PLAN_MS = 1.5, 5.0, 10.0, 10.0
PLAN = "ta.crossover(ta.ema(close, 12), ta.ema(close, 26)) and ta.rsi(close, 14) < 70"
_ROUNDS, _ROUND_S, _SLOW_S = 25, 0.002, 0.1  # turns, how long a fast call goes on in each; a slow call has three turns
MINUTE = Timeframe.parse("1m")

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds a call; None for a library without it."""

    ours: float
    talib: float | None
    pandas_ta: float | None


def best(works: Sequence[Work | None]) -> list[float | None]:
    """Give the shortest time of each in ms; they take turns, so that a busy moment of the machine hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(_ROUNDS):
        for work, found in zip(works, times, strict=True):
            if work is None or (turn >= 3 and min(found) > _SLOW_S):
                continue
            end = time.perf_counter() + _ROUND_S
            while True:
                begun = time.perf_counter()
                work()
                done = time.perf_counter()
                found.append(done - begun)
                if done >= end:
                    break
    return [min(found) * 1000 if found else None for found in times]


def ours_of(peer: Peer, bars: Bars) -> Work:
    """Give the work of the indicator in a call: its node's, with the values of its arguments at hand."""
    plan = plan_text(peer.ours, bars.timeframe)
    name = peer.ours.removeprefix("ta.").partition("(")[0]
    values: dict[object, Result] = {}
    for node in plan.nodes:
        inputs = [values[i] for i in node.inputs]
        if isinstance(node, Indicator) and node.function.name == name:
            step = node.step(range(len(inputs)))
            return lambda: step(bars, inputs)
        values[node] = node.compute(bars, inputs)
    raise AssertionError(peer.ours)


def measure(peer: Peer, bars: Bars) -> Times:
    """Time a call and its peers."""
    names = ("open", "high", "low", "close", "volume")
    index = pd.DatetimeIndex(bars.time.astype("datetime64[ms]"))
    series = SimpleNamespace(**{name: pd.Series(getattr(bars, name), index=index) for name in names})
    ours = ours_of(peer, bars)
    ours()  # compiled, or loaded from numba's cache
    works: list[Work | None] = [ours, _with(peer.talib, talib, bars), _with(peer.pandas_ta, library(), series)]
    return Times(*cast(list[float], best(works)))


def _with(call: Callable[[Any, Any], object] | None, peer: object, candles: object) -> Work | None:
    return None if call is None else lambda: call(peer, candles)


def plan_ms(bars: Bars) -> float:
    """Give how long the plan of two averages, an oscillator and a condition takes for 500 symbols of 500 bars."""
    plan = plan_text(PLAN)
    symbols = [bars[i * LIVE : (i + 1) * LIVE] for i in range(SYMBOLS)]
    plan.evaluate(symbols[0])
    return cast(float, best([lambda: [plan.evaluate(symbol) for symbol in symbols]])[0])


def show(title: str, table: dict[str, Times]) -> None:
    """Print one table, times in milliseconds."""
    print(f"{title:<50} {'ours':>9} {'TA-Lib':>9} {'ours/it':>8} {'pandas-ta':>10} {'it/ours':>8}")
    for call, t in table.items():
        beside_talib = f"{t.talib:9.4f} {t.ours / t.talib:7.2f}x" if t.talib else f"{'-':>9} {'':>8}"
        beside_pandas = f"{t.pandas_ta:10.3f} {t.pandas_ta / t.ours:7.0f}x" if t.pandas_ta else ""
        print(f"{call:<50} {t.ours:9.4f} {beside_talib} {beside_pandas}".rstrip())
    for what, ratios in (
        ("ours / TA-Lib", [t.ours / t.talib for t in table.values() if t.talib]),
        ("pandas-ta-classic / ours", [t.pandas_ta / t.ours for t in table.values() if t.pandas_ta]),
    ):
        mean = float(np.exp(np.mean(np.log(ratios))))
        print(f"{what}, geometric mean of {len(ratios)}: {mean:.2f}")
    print()


def verdict(limit: str, broken: list[str]) -> bool:
    """Print whether a limit holds, and what breaks it."""
    print(f"{'holds ' if not broken else 'BROKEN'}  {limit}" + "".join(f"\n          {line}" for line in broken))
    return not broken


def main() -> None:
    """Print both tables, the plan, and the limits; `--strict` ends with 1 where one is broken."""
    without = sorted(set(TA) - {peer.ours.removeprefix("ta.").partition("(")[0] for peer in PEERS})
    if without:
        print(f"not timed, since backtests/benchmarks/peers.py does not have them: {', '.join(without)}\n")
    peers = [peer for peer in PEERS if peer.ours.removeprefix("ta.").partition("(")[0] in TA]
    bars = sample_bars("BTC/USDT", MINUTE, SAMPLE_START_MS, YEAR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        year = {peer.ours: measure(peer, bars) for peer in peers}
        live = {peer.ours: measure(peer, bars[:LIVE]) for peer in peers}
    show(f"{YEAR:,} bars, ms", year)
    show(f"{LIVE} bars, ms", live)
    took = plan_ms(bars)
    print(f"{PLAN}\n{SYMBOLS} symbols x {LIVE} bars: {took:.1f} ms\n")
    slow = [f"{c}: {t.ours / t.talib:.2f}x" for c, t in year.items() if t.talib and t.ours > MOST_OF_TALIB * t.talib]
    near = [
        f"{c}: {t.pandas_ta / t.ours:.1f}x"
        for c, t in year.items()
        if t.pandas_ta and t.pandas_ta < LEAST_OF_PANDAS_TA * t.ours
    ]
    late = [f"{c}: {t.ours * 1000:.1f} us" for c, t in live.items() if t.ours * 1000 >= MOST_LIVE_US]
    held = [
        verdict(f"no more than {MOST_OF_TALIB} times TA-Lib's time on {YEAR:,} bars", slow),
        verdict(f"at least {LEAST_OF_PANDAS_TA:g} times faster than pandas-ta-classic on {YEAR:,} bars", near),
        verdict(f"under {MOST_LIVE_US:g} us a call on {LIVE} bars", late),
        verdict(f"the plan under {MOST_PLAN_MS:g} ms", [f"{took:.1f} ms"] if took >= MOST_PLAN_MS else []),
    ]
    if "--strict" in sys.argv and not all(held):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
