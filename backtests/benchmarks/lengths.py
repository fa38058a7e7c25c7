"""Times windows of 20, 200 and 2,000 bars: `python -m backtests.benchmarks.lengths`.

All functions of Pine's `ta` that take a length, on 20,000 bars of the sample market: nanoseconds a bar, the best of
some turns. Where short windows are computed in another way than long ones, the two lengths beside the change follow: no
jump there means that neither way is used where the other is quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from backtests.benchmarks.indicators import MINUTE, Work, best
from engine.indicators import SERIES_KINDS, TA, TRUE, Function, Kind
from engine.indicators.mean_deviation import LONGEST_ADDED
from engine.indicators.percentiles import LONGEST_SHARE
from engine.indicators.rank_correlation import LONGEST_PAIRED
from engine.indicators.sorted_window import LONGEST_MODE, LONGEST_RANKED
from engine.market import Bars
from engine.market.sample import SAMPLE_START_MS, sample_bars

BARS = 20_000
LENGTHS = (20, 200, 2000)
CHANGES = {
    "cci": LONGEST_ADDED,
    "dev": LONGEST_ADDED,
    "median": LONGEST_RANKED,
    "mode": LONGEST_MODE,
    "percentile_linear_interpolation": LONGEST_RANKED,
    "percentile_nearest_rank": LONGEST_RANKED,
    "percentrank": LONGEST_SHARE,
    "rci": LONGEST_PAIRED,
}
"""The longest window that is computed in the way of short ones."""
_NUMBERS: dict[str, float] = {"offset": 0.85, "sigma": 6.0, "percentage": 30.0, "mult": 2.0, "factor": 3.0}


def work(function: Function, bars: Bars, length: int) -> Work:
    """Give a call of a kernel with all its lengths alike, but for a gap of 1 where one must be longer."""
    given = [bars.close, bars.high, bars.low]
    wanted = [p for p in function.parameters if p.kind in SERIES_KINDS]
    up = np.where(bars.close > bars.open, np.int8(TRUE), np.int8(0))
    series = [up if p.kind is Kind.CONDITION else given[i] for i, p in enumerate(wanted)]
    read = [getattr(bars, name) for name in function.reads]
    by_kind: dict[Kind, object] = {Kind.LENGTH: length, Kind.FLAG: True, Kind.WHOLE: length, Kind.INTEGER: 0}
    constants = [by_kind.get(p.kind, _NUMBERS.get(p.name, 2.0)) for p in function.parameters if p not in wanted]
    return lambda: function.kernel(*read, *series, *constants)


def nanoseconds(function: Function, bars: Bars, lengths: Sequence[int]) -> list[float]:
    """Give how long a bar takes for each length."""
    works = [work(function, bars, length) for length in lengths]
    for one in works:
        one()  # compiled, or loaded from numba's cache
    return [ms * 1e6 / len(bars) for ms in cast(list[float], best(works))]


def main() -> None:
    """Print both tables."""
    bars = sample_bars("BTC/USDT", MINUTE, SAMPLE_START_MS, BARS)
    print(f"{'nanoseconds a bar, by length':<40}" + "".join(f"{length:>8,}" for length in LENGTHS) + f"{'ratio':>9}")
    for name, function in sorted(TA.items()):
        if any(p.kind is Kind.LENGTH for p in function.parameters):
            times = nanoseconds(function, bars, LENGTHS)
            print(f"{f'ta.{name}':<40}" + "".join(f"{t:8.1f}" for t in times) + f"{times[-1] / times[0]:8.1f}x")
    print(f"\n{'the longest of the short windows':<40}{'length':>8}{'ns':>8}{'1 more':>8}{'ratio':>9}")
    for name, length in CHANGES.items():
        short, long = nanoseconds(TA[name], bars, (length, length + 1))
        print(f"{f'ta.{name}':<40}{length:>8}{short:8.1f}{long:8.1f}{long / short:8.1f}x")


if __name__ == "__main__":
    main()
