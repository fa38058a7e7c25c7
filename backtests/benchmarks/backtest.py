"""How long a backtest takes: beside other backtesters, and beside a loop that is fused by hand for this one strategy.

    python -m backtests.benchmarks.backtest

525,600 one-minute candles of the sample market; EMA(12/26) cross with an RSI filter and a 0.5 %/1.0 % bracket, both
ways; warm (compiled, candles in memory), indicators included. The hand-fused loop must come to the same equity, or the
times mean nothing; the others have rules of their own for sizes and fills, so only their trades are counted. All take
turns, in processes of their own, and the median of each is told. Then five years of candles, for time and memory.
"""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numba
import numpy as np

from backtests.benchmarks.engines import PEERS, Worker
from engine.adapters.csv_files import write_csv
from engine.app.memory import keep_freed_memory
from engine.backtest import backtest
from engine.backtest.run import run
from engine.decisions import Costs, inputs_of, settings_for
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule

RUNS = 9
CANDLES = 525_600
SYMBOL = "BTC/USDT:USDT"
COSTS = Costs(capital=1_000_000, commission_percent=0.01)
RULE = """
name: benchmark
market: futures
timeframe: 1m
define: {fast: "ta.ema(close, 12)", slow: "ta.ema(close, 26)", strength: "ta.rsi(close, 14)"}
long: {enter: {all: ["ta.crossover(fast, slow)", strength < 70]}, exit: "ta.crossunder(fast, slow)"}
short: {enter: {all: ["ta.crossunder(fast, slow)", strength > 30]}, exit: "ta.crossover(fast, slow)"}
take_profit: {percent: 1.0}
stop_loss: {percent: 0.5}
order: {size: {percent: 25}}
"""


@numba.njit(error_model="numpy")
def fused(  # noqa: C901, PLR0912, PLR0915 - everything in one function is what is measured here
    opens: Column, highs: Column, lows: Column, closes: Column, start: int, capital: float, commission: float
) -> tuple[float, int]:
    """Do everything in one pass over the candles: indicators, conditions, orders, fills. Gives equity and entries."""
    fast = slow = gain = loss = 0.0
    was_below = was_above = False
    cash, side, quantity, entry, profit_at, loss_at = capital, 0, 0.0, 0.0, 0.0, 0.0
    opening, opening_quantity, opening_profit, opening_loss, closing = 0, 0.0, 0.0, 0.0, False
    entries = 0
    equity = capital
    for i in range(len(closes)):
        close = closes[i]
        fast = fast + close / 12 if i < 12 else fast + 2 / 13 * (close - fast)
        slow = slow + close / 26 if i < 26 else slow + 2 / 27 * (close - slow)
        change = close - closes[i - 1] if i else 0.0
        up, down = max(change, 0.0), max(-change, 0.0)
        gain = gain + up / 14 if i <= 14 else (gain * 13 + up) / 14
        loss = loss + down / 14 if i <= 14 else (loss * 13 + down) / 14
        crossed_up, crossed_down = was_below and fast > slow, was_above and fast < slow
        if i >= 25:
            was_below, was_above = fast <= slow, fast >= slow
        if i < start:
            continue
        if closing:
            at = opens[i]
            cash += side * quantity * (at - entry) - quantity * at * commission
            side, quantity, closing = 0, 0.0, False
        if opening != 0:
            side, quantity, entry, profit_at, loss_at = (
                opening, opening_quantity, opens[i], opening_profit, opening_loss,
            )  # fmt: skip
            cash -= quantity * entry * commission
            opening = 0
            entries += 1
        if side != 0:
            high, low, opened = highs[i], lows[i], opens[i]
            top, bottom = (profit_at, loss_at) if side > 0 else (loss_at, profit_at)
            at = 0.0
            if opened >= top - 1e-7 or opened <= bottom + 1e-7:
                at = opened
            elif high >= top - 1e-7 and (high - opened < opened - low - 1e-7 or low > bottom + 1e-7):
                at = top
            elif low <= bottom + 1e-7:
                at = bottom
            if at > 0:
                cash += side * quantity * (at - entry) - quantity * at * commission
                side, quantity = 0, 0.0
        equity = cash + side * quantity * (close - entry)
        wanted = 0
        if crossed_up or crossed_down:
            strength = 100 - 100 / (1 + gain / loss)
            wanted = 1 if crossed_up and strength < 70 else -1 if crossed_down and strength > 30 else 0
        if (side > 0 and crossed_down) or (side < 0 and crossed_up):
            closing = True
        amount = np.floor(equity * 0.25 / close / 0.001 + 1e-9) / 1000 if wanted != 0 else 0.0
        if amount > 0 and wanted != side:
            opening, opening_quantity = wanted, amount
            opening_profit = np.round(close * (1 + wanted * 0.01) / 0.1) / 10
            opening_loss = np.round(close * (1 - wanted * 0.005) / 0.1) / 10
    return equity, entries


def median_ms(runs: list[float]) -> float:
    return statistics.median(runs) * 1000


def timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def market(candles: int) -> Bars:
    return sample_bars(SYMBOL, Timeframe.parse("1m"), SAMPLE_START_MS, candles)


def main() -> None:
    keep_freed_memory()  # as `import engine` and the command do
    bars = market(CANDLES)
    rule, instrument = read_rule(RULE, "benchmark"), sample_instrument(SYMBOL)
    plan, settings = rule.plan(), settings_for(rule, instrument, COSTS)

    def by_hand() -> tuple[float, int]:
        commission = COSTS.commission_percent / 100
        found: tuple[float, int] = fused(
            bars.open, bars.high, bars.low, bars.close, plan.warmup, COSTS.capital, commission
        )
        return found

    result = backtest(rule, bars, instrument, COSTS)
    equity, entries = by_hand()
    if len(result.trades) != entries or abs(float(result.equity[-1]) - equity) > 1e-6 * equity:
        raise SystemExit(f"not the same: {len(result.trades)} trades to {result.equity[-1]}, {entries} to {equity}")
    inputs = inputs_of(bars, plan, plan.columns(bars))
    ours: dict[str, Callable[[], object]] = {
        "whole": lambda: backtest(rule, bars, instrument, COSTS),
        "numbers": lambda: backtest(rule, bars, instrument, COSTS).stats,
        "plan": lambda: inputs_of(bars, plan, plan.columns(bars)),
        "machine": lambda: run(inputs, settings, COSTS.capital, plan.warmup),
        "fused": by_hand,
    }
    runs: dict[str, list[float]] = {name: [] for name in (*ours, *PEERS)}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "candles.csv"
        write_csv(file, bars)
        workers = [stack.enter_context(Worker(name, file)) for name in PEERS]
        for _ in range(RUNS):
            for name, work in ours.items():
                work()  # a peer that ran before has emptied the processor's caches
                runs[name].append(timed(work))
            for worker in workers:
                runs[worker.name].append(worker.run())
    took = {name: median_ms(each) for name, each in runs.items()}
    print(f"{len(bars):,} candles, {entries:,} entries, both end at {equity:,.2f}; median of {RUNS}, milliseconds:")
    print(f"  backtest, with all statistics {took['numbers']:9.1f}")
    print(f"  backtest                      {took['whole']:9.1f}")
    print(f"    indicators, rules           {took['plan']:9.1f}")
    print(f"    machine                     {took['machine']:9.1f}")
    print(f"  hand-fused loop               {took['fused']:9.1f}")
    for worker in workers:
        print(f"  {worker.name:<30}{took[worker.name]:9.1f}   ({worker.trades:,} trades)")
    held(took["whole"] / took["fused"], 4, "times the hand-fused loop", most=True)
    for name, least in (("vectorbt", 10), ("vectorbt, in Rust", 10), ("backtesting.py", 300)):
        held(took[name] / took["whole"], least, f"times faster than {name}")
    long_run(bars)


def held(ratio: float, limit: float, words: str, *, most: bool = False) -> None:
    good = ratio <= limit if most else ratio >= limit
    print(f"{'holds ' if good else 'BROKEN'}  {ratio:7.1f} {words} ({'at most' if most else 'at least'} {limit})")


def long_run(year: Bars) -> None:
    """Run one and five years of candles, each several times in a row, and say how time and memory compare.

    In a row, since by turns only one of them would have to ask the system for fresh memory each time.
    """
    rule, instrument, bars = read_rule(RULE, "benchmark"), sample_instrument(SYMBOL), market(5 * CANDLES)
    runs = [[timed(lambda: backtest(rule, one, instrument, COSTS)) for _ in range(RUNS)] for one in (year, bars)]  # noqa: B023 - called at once
    year_ms, took = map(median_ms, runs)
    tracemalloc.start()
    backtest(rule, bars, instrument, COSTS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"{len(bars):,} candles: {took:.1f} ms, {took / year_ms:.1f} times one year's {year_ms:.1f} ms, each in a row; "
        f"{peak / 1e6:.0f} MB at its peak, "
        f"{peak / len(bars):.0f} bytes a candle, beside the candles' own {6 * 8}"
    )
    held(took / year_ms, 6.5, "times one year", most=True)


if __name__ == "__main__":
    main()
