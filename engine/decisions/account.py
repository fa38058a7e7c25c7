"""What fills do to the position and to the money."""

from __future__ import annotations

import numpy as np

from engine.decisions.bindings import bind, has_binding, unbind
from engine.decisions.compiled import step
from engine.decisions.records import Move, OrderType, Reason
from engine.decisions.settings import LevelKind, Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page, write_fill

_OPEN_LONG, _CLOSE_LONG = int(Move.OPEN_LONG), int(Move.CLOSE_LONG)
_OPEN_SHORT, _CLOSE_SHORT = int(Move.OPEN_SHORT), int(Move.CLOSE_SHORT)
_ENTER, _NO_ORDER = int(Reason.ENTER), int(OrderType.NONE)
_STOP_LOSS, _TRAILING, _BREAK_EVEN = int(Reason.STOP_LOSS), int(Reason.TRAILING), int(Reason.BREAK_EVEN)
_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_PERCENT = int(LevelKind.PERCENT)
_ANY, _LOSS, _STOP = 1, 2, 3
_LOCKED = 2  # of an exit, see gaps.py
# What is left of a position below this share of what it was is rounding.
_DUST = 1e-9
STARTS = -1
"""Of `cooling`: it begins at the next close."""


@step
def steps(count: float, step: float, in_one: float) -> float:
    """Give that many steps, as the float that is nearest to the decimal number: 3 steps of 0.1, 10 in one, are 0.3."""
    return count / in_one if in_one > 0.0 else count * step


@step
def ticks(settings: Record, count: float) -> float:
    """Give the price that is so many ticks."""
    return steps(count, settings.tick, settings.ticks_in_one)


@step
def lots(settings: Record, count: float) -> float:
    """Give the amount that is so many lots."""
    return steps(count, settings.lot, settings.lots_in_one)


@step
def whole_lots(settings: Record, quantity: float) -> float:
    """Round an amount down to the lot."""
    return lots(settings, np.floor(quantity / settings.lot + 1e-9)) if settings.lot > 0.0 else quantity


@step
def fee_of(settings: Record, price: float, quantity: float, maker: bool, part: float) -> float:
    """Give what a fill costs; `part` is the share of the fee for an order that it bears."""
    share = settings.maker if maker else settings.taker
    return float(quantity * price * share + quantity * settings.per_contract + settings.per_order * part)


@step
def slipped(settings: Record, price: float, direction: int) -> float:
    """Give a price after slippage; `direction` is 1 for buying."""
    return float(price + direction * (settings.slippage + price * settings.slippage_share))


@step
def open_entry(
    state: State, settings: Record, page: Page, at: Moment, side: int, price: float, quantity: float, maker: bool,
    part: float, reached: float,
) -> None:  # fmt: skip
    """Fill the waiting entry of a side at `price`, slippage included; its exit orders come to life."""
    p, order = state.position[0], state.orders[0 if side > 0 else 1]
    add_entry(state, settings, page, at, side, price, quantity, maker, part, order.decided)
    for k in range(p.exits):
        one = state.exits[k]
        if one.decided == order.decided and one.side == side:
            one.held = quantity
            if settings.tradingview == 0 or one.share >= 100.0:
                one.initial = quantity
            _enliven(one, settings, price, reached)
    order.type = _NO_ORDER


@step
def add_entry(
    state: State, settings: Record, page: Page, at: Moment, side: int, price: float, quantity: float, maker: bool,
    part: float, decided: int,
) -> None:  # fmt: skip
    """Open a position, or add to one."""
    p = state.position[0]
    if p.side == 0:
        p.side = side
        p.bars = -1
        p.cash_before = p.cash
    entry = state.entries[p.entries]
    p.entries += 1
    entry.decided, entry.time, entry.price = decided, at.time, price
    entry.quantity = entry.initial = quantity
    fee = entry.fee = fee_of(settings, price, quantity, maker, part)
    p.cash -= fee
    p.entry_price = (p.entry_price * p.quantity + price * quantity) / (p.quantity + quantity) if p.quantity else price
    p.quantity += quantity
    bind(state, decided, quantity)
    write_fill(page, at, _OPEN_LONG if side > 0 else _OPEN_SHORT, _ENTER, price, quantity, fee, 0.0, decided)


@step
def _enliven(one: Record, settings: Record, price: float, reached: float) -> None:
    """Let an exit order count from its entry's fill at `price`, when the market had `reached` a better one."""
    one.live = 1
    favourable = one.side if one.reason != _STOP_LOSS else -one.side
    if one.reason in (_TRAILING, _BREAK_EVEN):
        if not np.isnan(one.start_offset):
            one.start = away(price, one.side, one.start_offset, one.start_unit)
        elif settings.tradingview == 1 and np.isnan(one.start):
            one.start = price  # trail_points=0: where the price comes to be worth what slippage made of it
        advance_stop(one, settings, reached, price)
    elif not np.isnan(one.offset):
        one.price = on_tick(away(price, favourable, one.offset, one.unit), settings, one.reason, one.side)


@step
def away(price: float, direction: int, offset: float, unit: int) -> float:
    """Give the price that is `offset` away, in price or (unit 1) in percent."""
    return price * (1.0 + direction * offset / 100.0) if unit == 1 else price + direction * offset


@step
def on_tick(level: float, settings: Record, reason: int, side: int) -> float:
    """Round a level: to the nearest tick, as messages do; TradingView rounds limits and stops against the trader."""
    if settings.tick <= 0 or np.isnan(level):
        return level
    count = level / settings.tick
    if settings.tradingview and reason in (_TAKE_PROFIT, _STOP_LOSS):
        up = (side > 0) == (reason == _TAKE_PROFIT)
        return ticks(settings, np.ceil(count - 1e-4) if up else np.floor(count + 1e-4))
    return ticks(settings, np.round(count))


@step
def advance_stop(one: Record, settings: Record, best: float, entry_price: float) -> None:
    """Take a trailing stop along to the best price since, or a break-even stop to its entry's, once they have begun."""
    if not np.isnan(one.start) and (best - one.start) * one.side < 0.0:
        return
    if one.reason == _BREAK_EVEN:
        one.price = entry_price
        return
    moved = on_tick(away(best, -one.side, one.offset, one.unit), settings, one.reason, one.side)
    if np.isnan(one.price) or (moved - one.price) * one.side > 0.0:
        one.price = moved


@step
def close_part(
    state: State, settings: Record, page: Page, at: Moment, reason: int, price: float, quantity: float, maker: bool,
    part: float, decided: int,
) -> None:  # fmt: skip
    """Fill the close of `quantity` at `price`, slippage included; first in, first out.

    With `closes_own`, what an exit closes is of the entry that it names first.
    """
    p = state.position[0]
    side = p.side
    quantity = min(quantity, p.quantity)
    whole = quantity >= p.quantity * (1.0 - _DUST)
    left, profit = p.quantity if whole else quantity, 0.0
    for turn in range(0 if settings.closes_own == 1 and not whole else 1, 2):
        for k in range(p.entries):
            entry = state.entries[k]
            if turn == 0 and entry.decided != decided:
                continue
            taken = entry.quantity if whole else min(left, entry.quantity)
            profit += side * taken * (price - entry.price)
            entry.quantity -= taken
            left -= taken
            if not whole and left <= _DUST * quantity:
                break
        if left <= _DUST * quantity:
            break
    fee = fee_of(settings, price, quantity, maker, part)
    p.cash += profit - fee
    write_fill(page, at, _CLOSE_LONG if side > 0 else _CLOSE_SHORT, reason, price, quantity, fee, profit, decided)
    if whole:
        _flatten(p, state, settings, reason)
        return
    p.quantity -= quantity
    unbind(state, decided, quantity)
    if settings.tradingview == 1:
        _drop_spent(state)
    _forget_entries(state)
    _average(state)


@step
def _drop_spent(state: State) -> None:
    """Drop the exits of entries of which nothing is left."""
    for k in range(state.position[0].exits):
        one = state.exits[k]
        if one.live == 1 and not has_binding(state, one.decided):
            one.done = 1
    sweep_exits(state)


@step
def _flatten(p: Record, state: State, settings: Record, reason: int) -> None:
    """Forget the position; what waits to open another one stays."""
    stopped = reason in (_STOP_LOSS, _TRAILING, _BREAK_EVEN)
    lost = p.cash < p.cash_before
    kind = settings.cooldown
    if kind == _ANY or (kind == _LOSS and lost) or (kind == _STOP and stopped):
        p.cooling = STARTS
    p.side = 0
    p.quantity = p.entry_price = p.call = 0.0
    p.entries = p.bindings = p.closing = p.closing_wait = 0
    p.closing_quantity = np.nan
    p.bars, p.bars_since_exit = -1, -1
    for k in range(p.exits):
        if state.exits[k].live not in (0, _LOCKED):
            state.exits[k].done = 1
    sweep_exits(state)


@step
def sweep_exits(state: State) -> None:
    """Drop the exit orders that have been met, and those that can close nothing any more."""
    p = state.position[0]
    keep = 0
    for k in range(p.exits):
        one = state.exits[k]
        if one.done == 0 and (one.live == 0 or one.held > _DUST * one.initial):
            if keep != k:
                state.exits[keep] = state.exits[k]
            keep += 1
    p.exits = keep


@step
def _forget_entries(state: State) -> None:
    """Drop the entries of which nothing is open."""
    p = state.position[0]
    keep = 0
    for k in range(p.entries):
        if state.entries[k].quantity > _DUST * state.entries[k].initial:
            if keep != k:
                state.entries[keep] = state.entries[k]
            keep += 1
    p.entries = keep


@step
def drop_entry(state: State, decided: int) -> bool:
    """Undo the fill of an entry as if it had never been, with what it cost; tell whether it was still open."""
    p = state.position[0]
    for k in range(p.entries):
        entry = state.entries[k]
        if entry.decided != decided:
            continue
        p.cash += entry.fee
        unbind(state, decided, entry.quantity)
        for e in range(p.exits):
            if state.exits[e].decided == decided and state.exits[e].live == 1:
                state.exits[e].done = 1
        sweep_exits(state)
        p.quantity -= entry.quantity
        for later in range(k + 1, p.entries):
            state.entries[later - 1] = state.entries[later]
        p.entries -= 1
        if p.entries == 0:
            p.side, p.bars, p.closing, p.closing_wait = 0, -1, 0, 0
            p.bindings = 0
            p.quantity = p.entry_price = 0.0
            p.closing_quantity = np.nan
        else:
            _average(state)
        return True
    return False


@step
def _average(state: State) -> None:
    p = state.position[0]
    value = 0.0
    for k in range(p.entries):
        value += state.entries[k].quantity * state.entries[k].price
    p.entry_price = value / p.quantity
