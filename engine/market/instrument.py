"""What is traded, and the steps its prices and amounts move in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.market.bars import Bars

_FEW = 1000


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol with its price step (`tick`) and amount step (`lot`); 0 stands for "not known, do not round"."""

    symbol: str
    tick: Decimal = Decimal(0)
    lot: Decimal = Decimal(0)


def tick_of(bars: Bars, most_decimals: int = 10) -> Decimal:
    """Infer a price step from candles: the fewest decimals that write every price, to a relative 1e-9.

    Used where nobody states the tick (a CSV of candles). 0 when the prices need more than `most_decimals`.
    """
    prices = (bars.open, bars.high, bars.low, bars.close)
    asked = (*(column[:_FEW] for column in prices), *prices)
    for decimals in range(most_decimals + 1):
        # A few are asked first: where they need more decimals, so do all.
        if all(np.all(np.abs(np.round(p, decimals) - p) <= 1e-9 * p) for p in asked):
            return Decimal(1).scaleb(-decimals)
    return Decimal(0)
