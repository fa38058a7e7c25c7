"""A gap that TradingView's open leaves behind it: exits of a position that an entry reverses at the same open.

All that the open has passed is one batch: what it holds fills with the quantity that it had before, entries first. An
exit of the old position then sells what is no longer there, and so opens: PyneCore's authors measured it.
"""

from __future__ import annotations

import numpy as np

from engine.decisions.account import add_entry, close_part, slipped, sweep_exits
from engine.decisions.compiled import step
from engine.decisions.legs import rest_quantity
from engine.decisions.reach import passed
from engine.decisions.records import MOST_ENTRIES, MOST_EXITS, OrderType, Reason
from engine.decisions.settings import Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page

_MARKET, _STOP = int(OrderType.MARKET), int(OrderType.STOP)
_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_IN_POSITION, _LOCKED = 1, 2


@step
def lock_exits(state: State, settings: Record, opened: float) -> bool:
    """Keep the exits that the open has passed, where it has passed an entry against the position too."""
    p = state.position[0]
    order = state.orders[1 if p.side > 0 else 0]
    if p.side == 0 or order.type <= _MARKET or order.wait > 0:
        return False
    if not passed(settings, order.price, (p.side < 0) == (order.type == _STOP), opened):
        return False
    locked = False
    for k in range(p.exits):
        one = state.exits[k]
        if one.live != _IN_POSITION or np.isnan(one.price):
            continue
        if passed(settings, one.price, (one.side > 0) == (one.reason == _TAKE_PROFIT), opened):
            one.live, locked = _LOCKED, True
    return locked


@step
def fill_locked(state: State, settings: Record, page: Page, at: Moment, opened: float) -> None:
    """Fill the exits that were kept, in order of their levels; what there is nothing left of to close opens."""
    p = state.position[0]
    for _ in range(MOST_EXITS):
        index = -1
        for k in range(p.exits):
            if state.exits[k].live == _LOCKED and (index < 0 or state.exits[k].price < state.exits[index].price):
                index = k
        if index < 0:
            return
        one = state.exits[index]
        side, reason, decided = one.side, one.reason, one.decided
        quantity, maker = rest_quantity(state, settings, index), one.reason == _TAKE_PROFIT
        for k in range(p.exits):
            if state.exits[k].decided == decided and state.exits[k].side == side and k != index:
                state.exits[k].held -= quantity
        one.done, one.live = 1, _IN_POSITION
        sweep_exits(state)
        price = opened if maker else slipped(settings, opened, -side)
        closed = min(quantity, p.quantity) if p.side == side else 0.0
        part = closed / quantity
        if closed > 0.0:
            close_part(state, settings, page, at, reason, price, closed, maker, part, decided)
        if quantity > closed and p.entries < MOST_ENTRIES:
            add_entry(state, settings, page, at, -side, price, quantity - closed, maker, 1.0 - part, decided)
