"""The machine's settings for a rule on an instrument: one place, so that every mode runs the same machine."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decisions.records import OrderType
from engine.decisions.settings import EVERY_BAR, FROM_ENTRY, LevelKind, Settings, SideSettings, SizeKind
from engine.market import Instrument, MarketKind
from engine.rules import Rule
from engine.rules.terms import LevelTerms, SideTerms

_COOLDOWNS = {None: 0, "any": 1, "loss": 2, "stop": 3}
_SIZES = {
    "percent": SizeKind.PERCENT,
    "fixed": SizeKind.FIXED,
    "notional": SizeKind.NOTIONAL,
    "risk_percent": SizeKind.RISK,
}


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, what there is to trade with, and how fills are simulated.

    They change results, never which conditions hold. `commission_percent` is of the traded value and per fill, of limit
    fills `maker_percent` where that is given; `slippage_*` make market and stop fills worse; `latency_bars` are candles
    that an order needs beyond the next open. `funding_percent` is what a long pays every 8 hours (00, 08, 16 UTC), of
    the position's value. With `leverage`, orders may be worth so many times the equity, and a position is liquidated
    when equity is below `maintenance_percent` of its value. `margin_percent` is TradingView's, for long and short, and
    so are `orders_on_close`: with its fills, what is decided at a close is tried at that close; and `closes_own`: an
    exit closes the entry that it names, not the oldest.
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
    orders_on_close: bool = False
    closes_own: bool = False

    @property
    def tradingview(self) -> bool:
        """Whether every order fills as in TradingView's Strategy Tester."""
        return self.fills == "tradingview"


def settings_for(rule: Rule, instrument: Instrument, costs: Costs, path: int = 0) -> Settings:
    """Give how orders of this rule are sized, held and filled."""
    futures, terms = rule.market is MarketKind.FUTURES, rule.terms
    tick = float(instrument.tick)
    maker = costs.commission_percent if costs.maker_percent is None else costs.maker_percent
    return Settings(
        tick=tick,
        lot=float(instrument.lot),
        taker=costs.commission_percent / 100.0,
        maker=maker / 100.0,
        per_contract=costs.commission_per_contract,
        per_order=costs.commission_per_order,
        slippage=costs.slippage_ticks * tick,
        slippage_share=costs.slippage_percent / 100.0,
        latency=costs.latency_bars,
        may_borrow=futures,
        leverage=costs.leverage,
        maintenance=costs.maintenance_percent / 100.0,
        margin_long=costs.margin_percent / 100.0,
        margin_short=costs.margin_percent / 100.0,
        tradingview=costs.tradingview,
        at_close=costs.tradingview and costs.orders_on_close,
        closes_own=costs.tradingview and costs.closes_own,
        path=path,
        pyramiding=terms.pyramiding,
        cooldown=_COOLDOWNS[terms.cooldown_after],
        day_loss="limits.day_loss" in rule.outputs,
        drawdown="limits.drawdown" in rule.outputs,
        long=_side(terms.long, futures, costs.tradingview, limited="long.max_bars" in rule.outputs),
        short=_side(terms.short, futures, costs.tradingview, limited="short.max_bars" in rule.outputs),
    )


def _side(terms: SideTerms | None, futures: bool, tradingview: bool, *, limited: bool) -> SideSettings:
    """Give a side's settings. What the platform holds is execution.md's table."""
    if terms is None:
        return SideSettings()
    profit, loss = terms.take_profit, terms.stop_loss
    return SideSettings(
        order_type=OrderType[terms.order_type.upper()],
        size_kind=_SIZES[terms.size_kind],
        oco=terms.oco,
        entry_sent=tradingview or terms.order_type != "stop",
        profit_sent=tradingview or (futures and _travels(profit)),
        loss_sent=tradingview or (futures and _travels(loss)),
        stops_sent=tradingview,
        trailing=_level(terms.trailing),
        trailing_start=_level(terms.trailing_start),
        break_even=_level(terms.break_even),
        limited_bars=limited,
        take_profits=tuple(map(_level, profit)),
        stop_losses=tuple(map(_level, loss)),
    )


def _level(terms: LevelTerms | None) -> int:
    if terms is None:
        return 0
    kind = int(LevelKind[terms.kind.upper()])
    return kind + FROM_ENTRY * (terms.counted == "entry") + EVERY_BAR * terms.every_bar


def _travels(levels: tuple[LevelTerms, ...]) -> bool:
    """Tell whether a level is one price, known when the order is sent, so that the platform can hold it."""
    return len(levels) == 1 and levels[0].counted == "signal" and not levels[0].every_bar
