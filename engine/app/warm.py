"""`python -m engine.app.warm`: compile every kernel and the machine once, so that no later start has to."""

from __future__ import annotations

import compileall
import sys
from pathlib import Path

from engine.adapters.csv_numbers import numbers_in
from engine.backtest import backtest
from engine.indicators import TA
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule
from engine.rules.example import example_call
from engine.rules.single import evaluate_text

_RULE = """
name: warm
market: futures
timeframe: 1h
long: {enter: "ta.crossover(ta.ema(close, 3), ta.ema(close, 5))"}
short: {enter: "ta.crossunder(ta.ema(close, 3), ta.ema(close, 5)) or close > close[1] ? close < open : na(close)"}
take_profit: {percent: 1}
stop_loss: {percent: 1}
order: {size: {percent: 10}}
"""


def main() -> None:
    """Compile what is not in the cache yet, with a line that shows how far it is."""
    # Python keeps what it has compiled itself, except where it is told not to (PYTHONDONTWRITEBYTECODE), as in many
    # containers; each start would then take a sixth of a second longer.
    compileall.compile_dir(Path(__file__).parents[1], quiet=1)
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 400)
    for done, name in enumerate(TA, 1):
        sys.stderr.write(f"\rcompiling the inner loops, once: {done} of {len(TA)} ")
        sys.stderr.flush()
        evaluate_text(example_call(TA[name]), bars)
    for text in ("fixnan(close)", "fixnan(close > 1)", "math.sum(close, 3)"):
        evaluate_text(text, bars)
    numbers_in(b"0\n", 0, 1, [0])
    result = backtest(read_rule(_RULE, "warm"), bars, sample_instrument("BTC/USDT:USDT"))
    result.stats.numbers()
    result.trades[:1]
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
