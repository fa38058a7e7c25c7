"""What an entry is when it is decided: its price and its size."""

from __future__ import annotations

import numpy as np

from engine.decisions.account import lots, steps, ticks, whole_lots
from engine.decisions.compiled import step
from engine.decisions.records import OrderType
from engine.decisions.settings import Record, SizeKind

_LIMIT = int(OrderType.LIMIT)
_IN_PERCENT, _FIXED, _NOTIONAL, _RISK = (int(kind) for kind in SizeKind)
_LEAST_PERCENT = 1e-4  # the message's percent has four decimals


@step
def entry_price(settings: Record, kind: int, side: int, price: float, close: float) -> float:
    """Give the price that an entry is for: the close of a market order; na where that of another one is not valid."""
    if kind < _LIMIT:
        return close
    if not price > 0.0:
        return np.nan
    if settings.tick <= 0.0:
        return price
    if not settings.tradingview:
        return ticks(settings, np.round(price / settings.tick))
    down = (side > 0) == (kind == _LIMIT)
    count = price / settings.tick
    return ticks(settings, np.floor(count + 1e-4) if down else np.ceil(count - 1e-4))


@step
def quantity_for(settings: Record, kind: int, size: float, equity: float, base: float, stop: float) -> float:
    """Give the amount that a size comes to at a price, rounded down to the lot; na where it is not valid."""
    if not size > 0.0 or not equity > 0.0:
        return np.nan
    if kind == _IN_PERCENT and not settings.tradingview and not _LEAST_PERCENT <= size <= 100.0:
        return np.nan
    amount = size
    if kind in (_IN_PERCENT, _NOTIONAL):
        amount = bought_for(settings, kind, budget_for(settings, kind, size, equity), base)
        if settings.tradingview == 1:
            amount = cut_to_lot(settings, amount)
    elif kind == _RISK:
        risked = abs(base - stop)
        amount = equity * size / 100.0 / risked if risked > 0.0 else np.nan
    amount = whole_lots(settings, amount)
    return amount if amount > 0.0 else np.nan


@step
def as_sent(settings: Record, kind: int, size: float) -> float:
    """Give a size as a message carries it, a percent rounded down to 0.0001: what is told is what counts."""
    if kind != _IN_PERCENT or settings.tradingview == 1 or not size <= 100.0:
        return size
    return steps(np.floor(size * 1e4 + 1e-7), 1e-4, 1e4)


@step
def available(settings: Record, kind: int, p: Record, equity: float, close: float, leaves: bool) -> float:
    """Give what an entry's size is a share of: the equity; of a percent without what the position holds of it.

    `leaves`: the position is being closed, which comes first.
    """
    if kind != _IN_PERCENT or settings.tradingview == 1 or p.side == 0 or leaves:
        return equity
    if not settings.may_borrow:
        return float(equity - p.quantity * close)
    return float(equity - p.quantity * close / settings.leverage) if settings.leverage > 0.0 else equity


@step
def budget_for(settings: Record, kind: int, size: float, equity: float) -> float:
    """Give the money that an order is for; na where its size is no money. TradingView keeps ten digits of it."""
    if kind not in (_IN_PERCENT, _NOTIONAL):
        return np.nan
    money = equity * size / 100.0 if kind == _IN_PERCENT else size
    if settings.tradingview == 0 or not 0.0 < money < 1e300:
        return money
    digits = 9.0 - np.floor(np.log10(money))
    scale = 10.0 ** abs(digits)
    return float(np.floor(money * scale + 0.5) / scale if digits > 0.0 else np.floor(money / scale + 0.5) * scale)


@step
def cut_to_lot(settings: Record, quantity: float) -> float:
    """Cut an amount that money bought off to the lot, as TradingView does: the last bit of the quotient counts."""
    if settings.lot <= 0.0:
        return quantity
    in_one = settings.lots_in_one
    return lots(settings, np.floor(quantity * in_one if in_one > 0.0 else quantity / settings.lot))


@step
def bought_for(settings: Record, kind: int, budget: float, price: float) -> float:
    """Give the amount that a budget buys: TradingView pays the commission out of a share of the equity too."""
    if settings.tradingview == 0 or kind == _NOTIONAL:
        return budget / price
    return float(max(budget - settings.per_order, 0.0) / (price * (1.0 + settings.taker) + settings.per_contract))


@step
def affordable(settings: Record, worth: float, equity: float) -> bool:
    """Tell whether an account may hold that much: on spot what it has, with leverage so many times that."""
    if settings.tradingview:
        return True
    if not settings.may_borrow:
        return worth <= equity * (1.0 + 1e-9)
    return bool(settings.leverage <= 0.0 or worth <= equity * settings.leverage * (1.0 + 1e-9))
