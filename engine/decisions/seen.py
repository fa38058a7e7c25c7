"""What the engine does about what it saw in a candle, whether one of the rule's bars closes with it or not."""

from __future__ import annotations

import numpy as np

from engine.decisions.account import steps, whole_lots
from engine.decisions.compiled import part, step
from engine.decisions.fields import DAY_LOSS, DRAWDOWN
from engine.decisions.inputs import Numbers
from engine.decisions.numbers import number
from engine.decisions.orders import affordable, available, quantity_for
from engine.decisions.path import Seen, drop_order
from engine.decisions.records import Halt, Move, OrderType, Reason
from engine.decisions.settings import Record, SizeKind
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page, write_decision

_NO_ORDER, _MARKET = int(OrderType.NONE), int(OrderType.MARKET)
_OPEN_LONG, _CLOSE_LONG = int(Move.OPEN_LONG), int(Move.CLOSE_LONG)
_OPEN_SHORT, _CLOSE_SHORT, _CANCEL_MOVE = int(Move.OPEN_SHORT), int(Move.CLOSE_SHORT), int(Move.CANCEL)
_ENTER, _REVERSE, _OCO = int(Reason.ENTER), int(Reason.REVERSE), int(Reason.OCO)
_DAY_LOSS, _DRAWDOWN = int(Reason.DAY_LOSS), int(Reason.DRAWDOWN)
_NO_LEVEL, _NO_SIZE = int(Reason.NO_LEVEL), int(Reason.NO_SIZE)
_NOT_HALTED, _TODAY, _FOR_GOOD = (int(halt) for halt in Halt)
_PERCENT, _TAKE_PROFIT = int(SizeKind.PERCENT), int(Reason.TAKE_PROFIT)
# Prices closer than this share of a tick are one price.
_NOISE = 1e-6


@part
def check_limits(p: Record, settings: Record, numbers: Numbers, row: int, close: float) -> int:
    """Value the account at a close; give the Reason for which the rule must stand aside from now on, or 0."""
    equity = p.cash + p.side * p.quantity * (close - p.entry_price)
    p.equity, p.peak, p.marked = equity, max(p.peak, equity), close
    if p.halt == _NOT_HALTED and settings.day_loss:
        most = number(numbers, DAY_LOSS, row, p, close)
        if equity <= p.day_equity * (1.0 - most / 100.0):
            p.halt = _TODAY
            return _DAY_LOSS
    if p.halt != _FOR_GOOD and settings.drawdown:
        most = number(numbers, DRAWDOWN, row, p, close)
        if equity <= p.peak * (1.0 - most / 100.0):
            p.halt = _FOR_GOOD
            return _DRAWDOWN
    return 0


@part
def act_on_seen(
    state: State, settings: Record, page: Page, at: Moment, watched: bool, close: float, seen: Seen,
    limit: int,
) -> bool:  # fmt: skip
    """Decide what the engine must do after a candle, whether the rule's bar closes with it or not.

    It leaves at levels that it saw, stands aside where a limit says so, withdraws what another fill has made void, and
    opens what it saw trigger. Gives whether it opens.
    """
    p = state.position[0]
    if p.side != 0 and p.closing == 0 and (limit != 0 or seen.reason != 0):
        whole = limit != 0 or np.isnan(seen.quantity)
        leave(state, settings, page, at, watched, close, limit if limit != 0 else seen.reason,
              np.nan if whole else seen.quantity)  # fmt: skip
    for side in (1, -1):
        order = state.orders[0 if side > 0 else 1]
        if order.type == _NO_ORDER:
            continue
        if limit != 0:
            withdraw(state, page, at, watched, close, side, limit)
        elif order.oco == 1 and p.side == -side and order.type != _MARKET and settings.tradingview == 0:
            withdraw(state, page, at, watched, close, side, _OCO)
    for side in (1, -1):
        if state.orders[0 if side > 0 else 1].triggered == 1:
            _open_triggered(state, settings, page, at, watched, close, side)
            return True
    return False


@step
def leave(
    state: State, settings: Record, page: Page, at: Moment, watched: bool, close: float, reason: int, quantity: float
) -> None:
    """Decide to close the position, or `quantity` of it; it fills at the next open."""
    p = state.position[0]
    p.closing, p.closing_quantity, p.closing_wait = reason, quantity, settings.latency
    one = write_decision(p, page, at, watched, _CLOSE_LONG if p.side > 0 else _CLOSE_SHORT, reason, close, p.side)
    if not np.isnan(quantity):
        # In steps of the message's percent, rounded up so that the platform's rounding down to the lot finds it.
        one.size = steps(np.ceil(1e6 * quantity / p.quantity - 1e-7), 1e-4, 1e4)
        p.closing_quantity = whole_lots(settings, p.quantity * one.size / 100.0)


@step
def withdraw(state: State, page: Page, at: Moment, watched: bool, close: float, side: int, reason: int) -> None:
    """Withdraw the waiting entry of a side; where the platform holds it, by a message."""
    p, order = state.position[0], state.orders[0 if side > 0 else 1]
    if order.sent == 1 and order.type != _MARKET:
        one = write_decision(p, page, at, watched, _CANCEL_MOVE, reason, close, side)
        one.order = order.decided
    drop_order(state, side)


@step
def _open_triggered(
    state: State, settings: Record, page: Page, at: Moment, watched: bool, close: float, side: int
) -> None:
    """Open at the market what the engine watched and saw trigger: sizes are those of now, levels those of then."""
    p, index = state.position[0], 0 if side > 0 else 1
    order, own = state.orders[index], settings.sides[index]
    order.triggered = 0
    # From now on the entry is named by this candle: a bar's first opens with it, so those inside have odd names.
    name = at.time + 1 if watched else at.time
    for k in range(p.exits):
        if state.exits[k].decided == order.decided and state.exits[k].live == 0:
            state.exits[k].decided = name
    order.decided = name
    equity = p.cash + p.side * p.quantity * (close - p.entry_price)
    take_profit, stop_loss = np.nan, np.nan
    good = True
    noise = settings.tick * _NOISE
    for k in range(p.exits):
        one = state.exits[k]
        if one.live == 1 or one.side != side or np.isnan(one.price):
            continue
        winning = one.reason == _TAKE_PROFIT
        good = good and (one.price - close) * (side if winning else -side) > noise
        if one.rung == 0 and winning and own.profit_sent:
            take_profit = one.price
        elif one.rung == 0 and not winning and own.loss_sent:
            stop_loss = one.price
    quantity = order.quantity
    if own.size_kind == _PERCENT:
        budget = available(settings, own.size_kind, p, equity, close, p.closing != 0)
        quantity = quantity_for(settings, own.size_kind, order.size, budget, close, np.nan)
    if p.side == -side and p.closing == 0:
        leave(state, settings, page, at, watched, close, _REVERSE, np.nan)
    held = p.quantity if p.side == side and p.closing == 0 else 0.0
    if not good or not quantity > 0.0 or not affordable(settings, (quantity + held) * close, equity):
        write_decision(p, page, at, watched, 0, _NO_SIZE if good else _NO_LEVEL, close, side)
        drop_order(state, side)
        return
    order.type, order.wait, order.quantity = _MARKET, settings.latency, quantity
    one = write_decision(p, page, at, watched, _OPEN_LONG if side > 0 else _OPEN_SHORT, _ENTER, close, side)
    one.size = order.size if own.size_kind == _PERCENT else quantity
    one.take_profit, one.stop_loss, one.order = take_profit, stop_loss, order.decided
    other = state.orders[1 - index]
    if order.oco == 1 and other.type != _NO_ORDER:
        withdraw(state, page, at, watched, close, -side, _OCO)
