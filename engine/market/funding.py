"""What a perpetual future's position pays, or is paid, at certain moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Column

_EVERY_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True, eq=False)
class Funding:
    """Rates as they were: at `time` (ms UTC, ascending) a long paid `rate` of the position's value, a share."""

    time: NDArray[np.int64]
    rate: Column

    def on(self, bars: Bars) -> Column:
        """Give the rate that falls due in each bar; what falls in a gap is due in the bar after it."""
        due = np.searchsorted(bars.closes_ms, self.time, side="right")
        inside = (self.time >= bars.time[:1]) & (due < len(bars))
        found = np.zeros(len(bars))
        np.add.at(found, due[inside], self.rate[inside])
        return found


def constant_funding(bars: Bars, rate: float) -> Column:
    """Give the rate that falls due in each bar where `rate` is paid at 00, 08 and 16 UTC."""
    closed = bars.closes_ms
    before = np.concatenate([bars.time[:1], closed[:-1]])
    # Payments in [before, closed): at multiples of eight hours.
    payments = (closed - 1) // _EVERY_MS - (before - 1) // _EVERY_MS
    return np.asarray(rate * payments, dtype=np.float64)
