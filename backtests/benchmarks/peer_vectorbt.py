"""The backtest of the benchmark in vectorbt. Runs in the peers' environment, and imports nothing of ours.

`python peer_vectorbt.py warm CANDLES.csv ENGINE` reads once, then runs whenever a line comes in, and prints how
long it took; `cold` reads, runs once and prints the statistics. The engine is numba or rust.
"""

from __future__ import annotations

import sys
from time import perf_counter

import pandas as pd
import vectorbt as vbt


def strength(close: pd.Series) -> pd.Series:
    """Give Wilder's RSI, which vectorbt's own is not: it averages over a span of 14."""
    change = close.diff()
    gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-change.clip(upper=0)).ewm(alpha=1 / 14, adjust=False).mean()
    return 100 - 100 / (1 + gain / loss)


def run(candles: pd.DataFrame, engine: str) -> vbt.Portfolio:
    close = candles["close"]
    fast = vbt.MA.run(close, window=12, ewm=True)
    slow = vbt.MA.run(close, window=26, ewm=True)
    up, down = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
    rsi = strength(close)
    return vbt.Portfolio.from_signals(
        close,
        entries=up & (rsi < 70),
        exits=down,
        short_entries=down & (rsi > 30),
        short_exits=up,
        open=candles["open"],
        high=candles["high"],
        low=candles["low"],
        sl_stop=0.005,
        tp_stop=0.01,
        size=250_000,
        size_type="value",
        upon_opposite_entry="reverse",
        fees=0.0001,
        init_cash=1_000_000,
        freq="1min",
        engine=engine,
    )


def main() -> None:
    mode, path, engine = sys.argv[1:]
    candles = pd.read_csv(path)
    candles.index = pd.to_datetime(candles["time"], unit="ms")  # with a time zone, vectorbt makes an object of each
    if mode == "cold":
        print(run(candles, engine).stats())
        return
    trades = run(candles, engine).trades.count()  # compiles
    print(trades, flush=True)
    for _ in sys.stdin:
        start = perf_counter()
        run(candles, engine).total_return()
        print(perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
