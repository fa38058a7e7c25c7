"""One candle meets the orders: what fills in it, at which price, and what the engine sees in it.

Prices go from the open to the nearer of high and low, to the other, to the close, and meet every level on their way in
order. An order whose price the open has passed fills at the open. What the platform holds fills where it is met; what
the engine watches is only seen: it acts when the candle has closed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.decisions.account import (
    advance_stop,
    close_part,
    open_entry,
    slipped,
    sweep_exits,
    whole_lots,
)
from engine.decisions.bindings import entries_open
from engine.decisions.compiled import part, step
from engine.decisions.gaps import fill_locked, lock_exits
from engine.decisions.legs import close_legs, drop_other_half, rest_quantity, take_from_entry
from engine.decisions.margin import WITHDRAWN, call_margin, exceeds_margin
from engine.decisions.orders import bought_for, cut_to_lot
from engine.decisions.reach import ENTRY, NOISE, NOTHING, RUIN, next_met, within_reach
from engine.decisions.records import MOST_ENTRIES, OrderType, Reason
from engine.decisions.settings import Path, Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page

_NO_ORDER, _MARKET, _LIMIT, _STOP = (int(kind) for kind in OrderType)
_REVERSE, _TAKE_PROFIT, _LIQUIDATION = int(Reason.REVERSE), int(Reason.TAKE_PROFIT), int(Reason.LIQUIDATION)
_BREAK_EVEN, _STOP_LOSS = int(Reason.BREAK_EVEN), int(Reason.STOP_LOSS)
_BEST, _WORST = int(Path.BEST), int(Path.WORST)


class Seen(NamedTuple):
    """What the engine saw in a candle: why it closes (a Reason, 0 if it does not), and how much; na for all."""

    reason: int
    quantity: float


@part
def meet(
    state: State, settings: Record, page: Page, at: Moment, opened: float, high: float, low: float, close: float
) -> Seen:
    """Take a candle through."""
    p = state.position[0]
    p.call = 0.0
    _at_the_open(state, settings, page, at, opened)
    seen = Seen(0, 0.0)
    if not within_reach(state, settings, high, low):
        return seen
    locked = settings.tradingview == 1 and lock_exits(state, settings, opened)
    seen = _leg(state, settings, page, at, opened, opened, seen)
    if locked:
        fill_locked(state, settings, page, at, opened)
    if settings.margins == 1:
        call_margin(state, settings, page, at, opened, close, False, np.nan)
    if settings.moves_stops == 1:
        _advance_stops(state, settings, opened)
    up_first = _up_first(state, settings, opened, high, low)
    extremes = (high, low) if up_first else (low, high)
    start = opened
    for leg in range(3):
        if not _anything(state):
            break
        end = close if leg == 2 else extremes[leg]
        if settings.margins == 1 and leg == 1 and (p.side > 0) == (end > start):
            call_margin(state, settings, page, at, end, close, False, np.nan)
        fills = page.fill_count
        seen = _leg(state, settings, page, at, start, end, seen)
        onward = page.fill_count > fills and (p.side > 0) == (end > start)
        filled_at = page.fills[page.fill_count - 1].price if onward else np.nan
        if (
            settings.margins == 1
            and leg < 2
            and call_margin(state, settings, page, at, end, close, leg == 0 and not onward, filled_at)
        ):
            break
        start = end
    if p.side == 0:
        return Seen(0, 0.0)
    # What the platform closed meanwhile may have left no more than what was seen.
    return Seen(seen.reason, np.nan) if seen.quantity >= p.quantity * (1.0 - 1e-9) else seen


@part
def meet_close(state: State, settings: Record, page: Page, at: Moment, close: float) -> None:
    """Try what was decided at a close at its price. The bar was its entry's, or its exit's, from then on."""
    p = state.position[0]
    _at_the_open(state, settings, page, at, close)
    _leg(state, settings, page, at, close, close, Seen(0, 0.0))
    if p.side != 0 and p.bars == -1:
        p.bars = 0
    if p.bars_since_exit == -1:
        p.bars_since_exit = 0


@part
def _anything(state: State) -> bool:
    """Tell whether there is a position, or an order that waits for a price."""
    if state.position[0].side != 0:
        return True
    return bool(state.orders[0].type > _MARKET or state.orders[1].type > _MARKET)


@part
def _at_the_open(state: State, settings: Record, page: Page, at: Moment, opened: float) -> None:
    """Fill market orders: the close before what opens."""
    p = state.position[0]
    left = 0
    if p.closing != 0 and p.closing_wait > 0:
        p.closing_wait -= 1
    elif p.closing != 0:
        reason, quantity = p.closing, p.closing_quantity
        p.closing = 0
        if p.side != 0:
            left = p.side
            price = slipped(settings, opened, -p.side)
            close_part(
                state, settings, page, at, reason, price, p.quantity if np.isnan(quantity) else quantity, False, 1.0, 0
            )
    for side in (1, -1):
        order = state.orders[0 if side > 0 else 1]
        if order.type == _NO_ORDER:
            continue
        if order.wait > 0:
            order.wait -= 1
        elif order.type == _MARKET:
            _enter(state, settings, page, at, side, opened, False, left != -side)


@step
def _enter(
    state: State, settings: Record, page: Page, at: Moment, side: int, base: float, maker: bool, judged: bool
) -> None:
    """Fill an entry at a price, before slippage; a position on the other side is closed with it.

    `judged`: TradingView refuses it where the account cannot carry it, which it does at the open only.
    """
    p, order = state.position[0], state.orders[0 if side > 0 else 1]
    price = base if maker else slipped(settings, base, side)
    emulated = settings.tradingview == 1
    waited = order.type != _MARKET
    if emulated and waited and not np.isnan(order.budget):
        gapped = order.type == _STOP and base != order.price
        sized_at = slipped(settings, order.price, side) if gapped else price
        kind = settings.sides[0 if side > 0 else 1].size_kind
        order.quantity = cut_to_lot(settings, bought_for(settings, kind, order.budget, sized_at))
    # TradingView makes an order that waits large enough to close what is open on the other side then, and leaves it so.
    closes = p.quantity if p.side == -side else 0.0
    opens = order.quantity
    if emulated and waited:
        closes = min(closes, order.quantity + order.flip)
        opens = order.quantity + order.flip - closes
    held = p.quantity if p.side == side else 0.0
    full = (
        p.side == side
        and entries_open(state, settings.tradingview) >= settings.pyramiding
        and not (emulated and waited)
    )
    equity = p.cash + p.side * p.quantity * (p.marked - p.entry_price)
    refused = judged and exceeds_margin(settings, side, opens + held, price, equity + abs(equity) * 1e-11)
    if full or not order.quantity > 0.0 or refused:
        drop_order(state, side)
        if refused and p.side == -side:
            _withdraw_exits(state)
        return
    share = closes / (closes + opens) if emulated else 1.0
    oco = order.oco
    if settings.tradingview == 0 and not settings.may_borrow:  # no more than there is money for at this price
        most = (p.cash - p.quantity * p.entry_price) / (price * (1.0 + settings.taker))
        opens = min(opens, whole_lots(settings, most))
    if closes > 0.0:
        close_part(state, settings, page, at, _REVERSE, price, closes, maker, share, order.decided)
        p.closing = 0
    if opens > 0.0 and p.entries < MOST_ENTRIES:
        reached = base if emulated else price
        open_entry(state, settings, page, at, side, price, opens, maker, 1.0 - share if emulated else 1.0, reached)
    else:
        drop_order(state, side)
    other = state.orders[1 if side > 0 else 0]
    if oco and other.type != _NO_ORDER and not (other.sent == 1 and not settings.tradingview):
        drop_order(state, -side)


@step
def drop_order(state: State, side: int) -> None:
    """Forget the waiting entry of a side, and what would have closed it."""
    p, order = state.position[0], state.orders[0 if side > 0 else 1]
    order.type = _NO_ORDER
    for k in range(p.exits):
        one = state.exits[k]
        if one.live == 0 and one.side == side:
            one.done = 1
    sweep_exits(state)


@step
def drop_unaffordable(state: State, settings: Record, close: float, filled: bool) -> None:
    """Forget entries that wait and that TradingView's account could not carry at this close.

    The position is worth what it was at the last close where nothing has filled since.
    """
    p = state.position[0]
    for side in (1, -1):
        order = state.orders[0 if side > 0 else 1]
        if order.type > _MARKET:
            equity = p.cash + p.side * p.quantity * ((close if filled else p.marked) - p.entry_price)
            if exceeds_margin(settings, side, order.quantity, close, equity):
                drop_order(state, side)


@step
def _withdraw_exits(state: State) -> None:
    """Set aside what would close a position whose reversal was refused: TradingView has withdrawn it by then."""
    for k in range(state.position[0].exits):
        if state.exits[k].live == 1:
            state.exits[k].live = WITHDRAWN


@part
def _up_first(state: State, settings: Record, opened: float, high: float, low: float) -> bool:
    """Tell whether the high comes before the low."""
    p = state.position[0]
    if settings.path in (_BEST, _WORST):
        favourable = p.side
        if p.side == 0:
            # What opens at the adverse extreme has the favourable one before it.
            favourable = -1 if state.orders[0].type > _MARKET else 1
        return bool((favourable > 0) == (settings.path == _BEST))
    # TradingView compares floats as they are, where both are as far away too.
    noise = 0.0 if settings.tradingview == 1 else settings.tick * NOISE
    return bool(high - opened < opened - low - noise)


@step
def _leg(state: State, settings: Record, page: Page, at: Moment, start: float, end: float, seen: Seen) -> Seen:
    """Go from one price to another, through every level between; where both are one, all that it has passed is met."""
    p = state.position[0]
    here = start
    for _ in range(1000):
        leaving = p.closing != 0 or (seen.reason != 0 and np.isnan(seen.quantity))
        kind, index, price = next_met(state, settings, at.time, here, start, end, leaving)
        if kind == NOTHING:
            break
        here = price
        if kind == ENTRY:
            side = 1 if index == 0 else -1
            order = state.orders[index]
            if order.sent == 0:
                order.triggered = 1
                continue
            _enter(state, settings, page, at, side, price, order.type == _LIMIT, start == end)
        elif kind == RUIN:
            close_part(state, settings, page, at, _LIQUIDATION, price, p.quantity, False, 1.0, 0)
        else:
            seen = _meet_exit(state, settings, page, at, index, price, seen)
    if settings.moves_stops == 1:
        _advance_stops(state, settings, end)
    return seen


@step
def _meet_exit(state: State, settings: Record, page: Page, at: Moment, index: int, price: float, seen: Seen) -> Seen:
    """Fill an exit order that the platform holds; see one that the engine watches."""
    p, one = state.position[0], state.exits[index]
    side, decided, reason, sent = p.side, one.decided, one.reason, one.sent
    maker = reason == _TAKE_PROFIT
    fill_price = price if maker else slipped(settings, price, -side)
    quantity, whole = min(rest_quantity(state, settings, index), p.quantity), one.share >= 100.0
    one.done = 1
    if settings.tradingview == 1:
        drop_other_half(state, settings, index)
        if whole and not maker:
            quantity -= close_legs(state, settings, page, at, reason, fill_price, decided)
    take_from_entry(state, decided, quantity, sent)
    if quantity <= 0.0:
        return seen
    if sent == 1:
        close_part(state, settings, page, at, reason, fill_price, quantity, maker, 1.0, decided)
        return seen
    together = quantity + (seen.quantity if seen.reason != 0 else 0.0)
    return Seen(reason, np.nan if together >= p.quantity * (1.0 - 1e-9) else together)


@step
def _advance_stops(state: State, settings: Record, price: float) -> None:
    """Take trailing and break-even stops along to a price that has been reached."""
    p = state.position[0]
    for k in range(p.exits):
        one = state.exits[k]
        if one.live == 1 and one.reason > _STOP_LOSS:
            advance_stop(one, settings, price, p.entry_price)
