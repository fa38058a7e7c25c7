"""How much of a result depends on what nobody knows: the order of prices inside a candle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.decisions.settings import Path


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Total profit as the result has it, and where every candle goes the best or the worst way for the position."""

    profit: float
    best: float
    worst: float

    @property
    def share_percent(self) -> float | None:
        """How far the two are apart, in percent of the profit (or loss); None where that is 0 and they differ."""
        apart = self.best - self.worst
        return 0.0 if apart == 0 else 100 * apart / abs(self.profit) if self.profit else None


class Played(Protocol):
    """A result: of one symbol, or of a portfolio."""

    @property
    def profit(self) -> float:
        """Equity at the end, less the capital."""
        ...


def uncertainty(result: Played, run: Callable[[Path], Played]) -> Uncertainty:
    """Play the candles again, both ways. `run` backtests the same with a path through each candle."""
    profits = [each.profit for each in (result, run(Path.BEST), run(Path.WORST))]
    return Uncertainty(profits[0], max(profits), min(profits))
