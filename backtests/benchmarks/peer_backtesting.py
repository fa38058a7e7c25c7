"""The backtest of the benchmark in backtesting.py. Runs in the peers' environment, and imports nothing of ours.

Its arguments are those of peer_vectorbt.py, without an engine.
"""

from __future__ import annotations

import sys
import warnings
from time import perf_counter

import pandas as pd
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore")


def average(close: pd.Series, length: int) -> pd.Series:
    return pd.Series(close).ewm(span=length, adjust=False).mean()


def strength(close: pd.Series) -> pd.Series:
    change = pd.Series(close).diff()
    gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-change.clip(upper=0)).ewm(alpha=1 / 14, adjust=False).mean()
    return 100 - 100 / (1 + gain / loss)


class Cross(Strategy):
    def init(self) -> None:
        close = self.data.Close
        fast, slow = average(close, 12), average(close, 26)
        self.up = self.I(lambda: (fast > slow) & (fast.shift() <= slow.shift()), plot=False)
        self.down = self.I(lambda: (fast < slow) & (fast.shift() >= slow.shift()), plot=False)
        self.strength = self.I(strength, close, plot=False)

    def next(self) -> None:
        close = self.data.Close[-1]
        if self.up[-1]:
            self.position.close()
            if self.strength[-1] < 70:
                self.buy(size=0.25, sl=close * 0.995, tp=close * 1.01)
        elif self.down[-1]:
            self.position.close()
            if self.strength[-1] > 30:
                self.sell(size=0.25, sl=close * 1.005, tp=close * 0.99)


def main() -> None:
    mode, path = sys.argv[1:]
    candles = pd.read_csv(path)
    candles.index = pd.to_datetime(candles["time"], unit="ms")
    candles = candles.rename(columns=str.title)
    test = Backtest(candles, Cross, cash=100_000_000, commission=0.0001)
    if mode == "cold":
        print(test.run())
        return
    print(int(test.run()["# Trades"]), flush=True)
    for _ in sys.stdin:
        start = perf_counter()
        test.run()
        print(perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
