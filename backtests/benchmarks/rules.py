"""How long it takes to read rule files: `python -m backtests.benchmarks.rules`.

One typical file, parsed and planned again and again; and 1,000 files that differ. What counts is the time of the
processor: files are read one after the other, and whatever else runs is none of theirs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from engine.rules import read_rule, read_rule_file

_AGAIN = 100
_FILES = 1_000
_TYPICAL = """\
name: typical-{n}
market: futures
timeframe: {timeframe}

params:
  fast: {{default: {fast}, min: 2, max: 60, step: 1}}
  slow: {{default: {slow}, min: 20, max: 300, step: 1}}

define:
  fast_ma: ta.ema(close, fast)
  slow_ma: ta.ema(close, slow)
  strength: ta.rsi(close, {length})

long:
  enter:
    all:
      - ta.crossover(fast_ma, slow_ma)
      - strength < 70 - {n} % 10
      - close > math.max(high[1], high[2])
      - hour >= {hour}
  exit: ta.crossunder(fast_ma, slow_ma)

short:
  enter: ta.crossunder(fast_ma, slow_ma) and strength > 30
  exit: ta.crossover(fast_ma, slow_ma)

take_profit: {{percent: 4}}
stop_loss: {{percent: 2 * {n} % 7 + 1}}

order: {{type: market, size: {{percent: 25}}}}
"""


def variation(n: int) -> str:
    """Give the text of a typical rule file; another one for every n."""
    timeframe = ("15m", "1h", "4h", "1d")[n % 4]
    return _TYPICAL.format(n=n, timeframe=timeframe, fast=3 + n % 50, slow=60 + n % 200, length=7 + n % 30, hour=n % 24)


def main() -> None:
    read_rule(variation(0), "typical.yaml").plan()
    took = []
    for n in range(_AGAIN):
        text = variation(n)
        started = time.process_time()
        read_rule(text, "typical.yaml").plan()
        took.append(time.process_time() - started)
    print(f"a typical rule file, parsed and planned: {statistics.median(took) * 1000:.1f} ms (must: under 5)")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{n}.yaml" for n in range(_FILES)]
        for n, path in enumerate(paths):
            path.write_text(variation(n), encoding="utf-8")
        started = time.process_time()
        rules = [read_rule_file(path) for path in paths]
        print(f"{len(rules):,} rule files: {time.process_time() - started:.2f} s (must: under 5)")


if __name__ == "__main__":
    main()
