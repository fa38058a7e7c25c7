"""All that a backtest is made of, before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.backtest.run import Ready, Result, ready, run
from engine.decisions import Costs
from engine.decisions.settings import Path
from engine.market import Bars, Instrument
from engine.market.funding import Funding
from engine.rules import Rule


@dataclass(frozen=True)
class Prepared:
    """A rule, candles, an instrument, costs, and whatever else `backtest` takes."""

    rule: Rule
    bars: Bars
    instrument: Instrument
    costs: Costs
    params: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, Bars] = field(default_factory=dict)
    finer: Bars | None = None
    funding: Funding | None = None
    warmup: int | None = None

    def ready(self, path: Path = Path.TRADINGVIEW) -> Ready:
        """Compute what the machine reads. Errors: InvalidInputError where there are not enough candles."""
        return ready(
            self.rule,
            self.bars,
            self.instrument,
            self.costs,
            self.params,
            warmup=self.warmup,
            others=self.others,
            finer=self.finer,
            funding=self.funding,
            path=path,
        )

    def run(self, path: Path = Path.TRADINGVIEW) -> Result:
        """Backtest. Errors: InvalidInputError where there are not enough candles."""
        made = self.ready(path)
        return made.result(*run(made.inputs, made.settings, made.costs.capital, made.start))
