"""Which levels a candle meets, and which of them comes next on the way from one price to another."""

from __future__ import annotations

import numpy as np

from engine.decisions.compiled import part, step
from engine.decisions.margin import liquidation_price
from engine.decisions.records import OrderType, Reason
from engine.decisions.settings import Record
from engine.decisions.state import State

_MARKET, _STOP = int(OrderType.MARKET), int(OrderType.STOP)
_TAKE_PROFIT, _STOP_LOSS = int(Reason.TAKE_PROFIT), int(Reason.STOP_LOSS)
NOTHING, EXIT, ENTRY, RUIN = range(4)
"""What is met: nothing, an exit order, a waiting entry, the price of liquidation."""
# Prices closer than this share of a tick are one price: 0.1 + 0.2 and 0.3.
NOISE = 1e-6
_FIRST = 1e15


@part
def within_reach(state: State, settings: Record, high: float, low: float) -> bool:
    """Tell whether a candle meets any level, or moves one: where none is, its path does not matter."""
    p = state.position[0]
    noise = settings.tick * NOISE
    if p.side != 0:
        if settings.maintenance > 0.0 or settings.margin_long > 0.0 or settings.margin_short > 0.0:
            return True
        for k in range(p.exits):
            one = state.exits[k]
            if one.live == 1 and (one.reason > _STOP_LOSS or low - noise <= one.price <= high + noise):
                return True
            # What lies on the other side of the candle has been passed by its open.
            above = (one.side > 0) == (one.reason == _TAKE_PROFIT)
            if one.live == 1 and (one.price < low if above else one.price > high):
                return True
    return bool(state.orders[0].type > _MARKET or state.orders[1].type > _MARKET)


@step
def next_met(
    state: State, settings: Record, time: int, here: float, start: float, end: float, leaving: bool
) -> tuple[int, int, float]:
    """Give what is met next between `here` and `end`: its kind, its index, the price.

    The engine that is `leaving` already, at the close, looks at its own levels no more. What TradingView's open has
    passed fills in order of the levels: entries, then exits, then exits of entries that have filled at it.
    """
    p = state.position[0]
    noise = settings.tick * NOISE
    kind, index, best = NOTHING, 0, 0.0
    rising, falling = end >= start, end <= start
    nearest = np.inf
    by_level = settings.tradingview == 1 and start == end
    for k in range(p.exits):
        one = state.exits[k]
        if one.live != 1 or one.side != p.side or np.isnan(one.price) or (leaving and one.sent == 0):
            continue
        above = (one.side > 0) == (one.reason == _TAKE_PROFIT)
        met, price = _met(one.price, above, here, end, rising, falling, noise)
        distance = abs(price - here)
        if by_level and met:
            distance = one.price + (_FIRST if _filled_at(state, one.decided, time) else 0.0)
        if met and distance < nearest:
            nearest, kind, index, best = distance, EXIT, k, price
    ruin = liquidation_price(p, settings)
    if not np.isnan(ruin):
        met, price = _met(ruin, p.side < 0, here, end, rising, falling, noise)
        if met and abs(price - here) < nearest:
            nearest, kind, index, best = abs(price - here), RUIN, 0, price
    for k in range(2):
        order = state.orders[k]
        if order.type <= _MARKET or order.wait > 0 or _watched_one_triggered(state, order):
            continue
        above = (k == 0) == (order.type == _STOP)
        met, price = _met(order.price, above, here, end, rising, falling, noise)
        distance = order.price - _FIRST if by_level else abs(price - here)
        if met and distance < nearest:
            nearest, kind, index, best = distance, ENTRY, k, price
    return kind, index, best


@step
def _filled_at(state: State, decided: int, time: int) -> bool:
    """Tell whether an entry has filled in the candle that opened at `time`."""
    for k in range(state.position[0].entries):
        if state.entries[k].decided == decided and state.entries[k].time == time:
            return True
    return False


@step
def passed(settings: Record, price: float, above: bool, opened: float) -> bool:
    """Tell whether the open has passed a level that is met from below (`above`), or from above."""
    noise = settings.tick * NOISE
    return bool(opened >= price - noise if above else opened <= price + noise)


@step
def _watched_one_triggered(state: State, order: Record) -> bool:
    """Tell whether the engine has seen an entry trigger in this candle: it acts on one at a time."""
    return bool(order.sent == 0 and (state.orders[0].triggered == 1 or state.orders[1].triggered == 1))


@step
def _met(
    level: float, above: bool, here: float, end: float, rising: bool, falling: bool, noise: float
) -> tuple[bool, float]:
    """Tell whether a level is met on the way from `here` to `end`, and at which price: its own, or here if passed."""
    if above:
        passed = here >= level - noise
        return passed or (rising and end >= level - noise), here if passed else level
    passed = here <= level + noise
    return passed or (falling and end <= level + noise), here if passed else level
