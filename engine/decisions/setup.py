"""The machine's settings for a rule on an instrument: one place, so that every mode runs the same machine."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decisions.settings import Settings
from engine.market import Instrument, MarketKind
from engine.rules import Rule


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, and what there is to trade with. They change results, never which conditions hold."""

    capital: float = 10_000.0
    commission_percent: float = 0.05
    slippage_ticks: float = 0.0


def settings_for(rule: Rule, instrument: Instrument, costs: Costs) -> Settings:
    """Give how orders of this rule are sized, held and filled."""
    futures = rule.market is MarketKind.FUTURES
    tick = float(instrument.tick)
    return Settings(
        tick=tick,
        lot=float(instrument.lot),
        commission=costs.commission_percent / 100.0,
        slippage=costs.slippage_ticks * tick,
        size_in_percent=rule.size_in_percent,
        has_take_profit=rule.file.take_profit is not None,
        has_stop_loss=rule.file.stop_loss is not None,
        platform_holds_bracket=futures,
        may_borrow=futures,
    )
