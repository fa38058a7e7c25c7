"""The machine's settings for a rule on an instrument: one place, so that every mode runs the same machine."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decisions.settings import Settings
from engine.market import Instrument, MarketKind
from engine.rules import Rule


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, what there is to trade with, and how fills are simulated.

    They change results, never which conditions hold. `commission_percent` is of the traded value and per fill, of limit
    fills `maker_percent` where that is given; `slippage_*` make market and stop fills worse; `latency_bars` are candles
    that an order needs beyond the next open. `funding_percent` is what a long pays every 8 hours (00, 08, 16 UTC), of
    the position's value. With `leverage`, orders may be worth so many times the equity, and a position is liquidated
    when equity is below `maintenance_percent` of its value. `margin_percent` is TradingView's, for long and short.
    """

    capital: float = 10_000.0
    commission_percent: float = 0.05
    slippage_ticks: float = 0.0
    maker_percent: float | None = None
    commission_per_contract: float = 0.0
    commission_per_order: float = 0.0
    slippage_percent: float = 0.0
    latency_bars: int = 0
    funding_percent: float = 0.0
    leverage: float = 0.0
    maintenance_percent: float = 0.0
    margin_percent: float = 0.0
    fills: str = "webhook"

    @property
    def tradingview(self) -> bool:
        """Whether every order fills as in TradingView's Strategy Tester."""
        return self.fills == "tradingview"


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
