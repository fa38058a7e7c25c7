"""What is decided when a candle closes: exits before entries; then entries are placed, replaced, withdrawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.decisions.account import STARTS, slipped
from engine.decisions.bindings import entries_open
from engine.decisions.compiled import part, step
from engine.decisions.fields import COOLDOWN_BARS, EXPIRE_BARS, FIELDS, MAX_BARS, PRICE, SIZE
from engine.decisions.inputs import Inputs, Numbers
from engine.decisions.legs import foresee_legs
from engine.decisions.levels import place_levels, renew_levels
from engine.decisions.margin import exceeds_margin
from engine.decisions.numbers import number, side_field
from engine.decisions.orders import (
    affordable,
    as_sent,
    available,
    budget_for,
    entry_price,
    quantity_for,
)
from engine.decisions.path import drop_order
from engine.decisions.program import run_program
from engine.decisions.records import Halt, Move, OrderType, Reason
from engine.decisions.seen import leave, withdraw
from engine.decisions.settings import Record, SizeKind
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page, write_decision
from engine.indicators import TRUE

_NO_ORDER, _MARKET, _LIMIT = int(OrderType.NONE), int(OrderType.MARKET), int(OrderType.LIMIT)
_OPEN_LONG, _CLOSE_LONG = int(Move.OPEN_LONG), int(Move.CLOSE_LONG)
_OPEN_SHORT, _CLOSE_SHORT, _CANCEL_MOVE = int(Move.OPEN_SHORT), int(Move.CLOSE_SHORT), int(Move.CANCEL)
_ENTER, _EXIT, _REVERSE, _FLAT_AT = (int(r) for r in (Reason.ENTER, Reason.EXIT, Reason.REVERSE, Reason.FLAT_AT))
_MAX_BARS, _DAY_LOSS, _DRAWDOWN = int(Reason.MAX_BARS), int(Reason.DAY_LOSS), int(Reason.DRAWDOWN)
_CANCEL, _EXPIRED, _REPLACED, _OCO = (
    int(r) for r in (Reason.CANCEL, Reason.EXPIRED, Reason.REPLACED, Reason.OCO)
)  # fmt: skip
_NO_LEVEL, _NO_SIZE, _NO_PRICE = int(Reason.NO_LEVEL), int(Reason.NO_SIZE), int(Reason.NO_PRICE)
_NOT_HALTED, _TODAY, _FOR_GOOD = (int(halt) for halt in Halt)
_PERCENT, _TAKE_PROFIT = int(SizeKind.PERCENT), int(Reason.TAKE_PROFIT)


class Truths(NamedTuple):
    """Which conditions of the rule are true at a close."""

    long_enter: bool
    long_exit: bool
    long_cancel: bool
    short_enter: bool
    short_exit: bool
    short_cancel: bool
    flat: bool


@part
def truths(inputs: Inputs, row: int, p: Record, close: float) -> Truths:
    """Tell which conditions are true at the close of the rule's bar `row`."""
    numbers = inputs.numbers
    columns = (
        inputs.long_enter[row], inputs.long_exit[row], inputs.long_cancel[row], inputs.short_enter[row],
        inputs.short_exit[row], inputs.short_cancel[row], inputs.flat[row],
    )  # fmt: skip
    if len(numbers.ends) == 0:  # nothing depends on the position
        a, b, c, d, e, f, g = columns
        return Truths(a == TRUE, b == TRUE, c == TRUE, d == TRUE, e == TRUE, f == TRUE, g == TRUE)
    return Truths(
        _is_true(numbers, 0, columns[0], row, p, close),
        _is_true(numbers, 1, columns[1], row, p, close),
        _is_true(numbers, 2, columns[2], row, p, close),
        _is_true(numbers, 3, columns[3], row, p, close),
        _is_true(numbers, 4, columns[4], row, p, close),
        _is_true(numbers, 5, columns[5], row, p, close),
        _is_true(numbers, 6, columns[6], row, p, close),
    )


@step
def _is_true(numbers: Numbers, condition: int, column: int, row: int, p: Record, close: float) -> bool:
    program = numbers.where[FIELDS + condition]
    if program < 0:
        return column == TRUE
    return run_program(numbers, program, row, p, close) == TRUE


@part
def decide(
    state: State, settings: Record, numbers: Numbers, page: Page, at: Moment, close: float,
    opened: bool, true: Truths,
) -> None:  # fmt: skip
    """Decide at the close of one of the rule's bars. With `opened`, an entry was decided already."""
    p, row = state.position[0], at.row
    if p.cooling == STARTS:
        p.cooling = int(max(number(numbers, COOLDOWN_BARS, row, p, close), 0.0))
    buy, sell = true.long_enter, true.short_enter
    allowed = p.cooling == 0 and p.halt == _NOT_HALTED and not opened
    if p.cooling > 0:
        p.cooling -= 1
    wants_long = buy and allowed and _possible(settings, 0, sell)
    wants_short = sell and allowed and _possible(settings, 1, buy)
    _leave_at_close(state, settings, numbers, page, at, close, wants_long, wants_short, true)
    if state.orders[0].type > _MARKET or state.orders[1].type > _MARKET:
        _tend(state, page, at, close, 1, true.long_cancel)
        _tend(state, page, at, close, -1, true.short_cancel)
    for side in (1, -1):
        if wants_long if side > 0 else wants_short:
            _place(state, settings, settings.sides[0 if side > 0 else 1], numbers, page, at, close, side)
    own = settings.sides[0 if p.side > 0 else 1]
    if p.side != 0 and own.renews:
        renew_levels(state, settings, own, numbers, row, close)


@part
def _possible(settings: Record, index: int, other_too: bool) -> bool:
    """Tell whether an entry is taken where the other side's condition is true too: at the market they contradict.

    TradingView takes both at the next open, one after the other, as a script that asks for long first.
    """
    if not other_too or settings.tradingview == 1:
        return True
    waits = settings.sides[0].order_type > _MARKET and settings.sides[1].order_type > _MARKET
    return bool(waits and settings.sides[index].entry_sent == 0)


@part
def _leave_at_close(
    state: State, settings: Record, numbers: Numbers, page: Page, at: Moment, close: float,
    wants_long: bool, wants_short: bool, true: Truths,
) -> None:  # fmt: skip
    """Decide whether the position is closed: by its exit, by time, for the opposite entry."""
    p = state.position[0]
    if p.side == 0 or (p.closing != 0 and np.isnan(p.closing_quantity)):
        return
    long = p.side > 0
    reason = 0
    if true.flat:
        reason = _FLAT_AT
    elif true.long_exit if long else true.short_exit:
        reason = _EXIT
    else:
        limited = settings.sides[0 if long else 1].limited_bars
        most = number(numbers, side_field(p.side, MAX_BARS), at.row, p, close) if limited else np.inf
        if p.bars + 1 >= most:
            reason = _MAX_BARS
        elif wants_short if long else wants_long:
            opposite = settings.sides[1 if long else 0]
            at_once = opposite.order_type == _MARKET or opposite.entry_sent == 1
            reason = _REVERSE if at_once and settings.tradingview == 0 else 0
    if reason == 0:
        return
    if p.closing != 0:  # part of it was to be closed: that is all of it now
        for k in range(page.decision_count):
            one = page.decisions[k]
            # What a finer candle decided has the time of that candle, which may be the bar's, and has been sent.
            if one.time == at.time and one.watched == 0 and one.move in (_CLOSE_LONG, _CLOSE_SHORT):
                one.reason, one.size = reason, np.nan
                p.closing, p.closing_quantity = reason, np.nan
        return
    leave(state, settings, page, at, False, close, reason, np.nan)


@step
def _tend(state: State, page: Page, at: Moment, close: float, side: int, cancel: bool) -> None:
    """Withdraw a waiting entry that has waited long enough, or that the rule cancels."""
    order = state.orders[0 if side > 0 else 1]
    if order.type <= _MARKET:
        return
    if order.expires > 0:
        order.expires -= 1
    if order.expires == 0:
        withdraw(state, page, at, False, close, side, _EXPIRED)
    elif cancel:
        withdraw(state, page, at, False, close, side, _CANCEL)


@part
def _place(
    state: State, settings: Record, own: Record, numbers: Numbers, page: Page, at: Moment, close: float, side: int
) -> None:
    """Decide an entry at the close, or refuse it where its price, its levels or its size are not valid."""
    p, row, index = state.position[0], at.row, 0 if side > 0 else 1
    order = state.orders[index]
    leaves = p.closing != 0 and np.isnan(p.closing_quantity)
    there = entries_open(state, settings.tradingview) + (1 if order.type == _MARKET else 0)
    full = p.side == side and there >= settings.pyramiding
    if settings.tradingview == 1 and full and not leaves and state.orders[1 - index].type != _MARKET:
        drop_order(state, side)
        return
    if settings.tradingview == 0 and (full or (p.side == side and p.closing != 0)):
        return
    if order.type == _MARKET:
        return
    equity = p.cash + p.side * p.quantity * (close - p.entry_price)
    size = as_sent(settings, own.size_kind, number(numbers, side_field(side, SIZE), row, p, close))
    budget = available(settings, own.size_kind, p, equity, close, leaves)
    waits = own.order_type > _MARKET
    asked = number(numbers, side_field(side, PRICE), row, p, close) if waits else np.nan
    base = entry_price(settings, own.order_type, side, asked, close)
    if np.isnan(base):
        _refuse(p, page, at, _NO_PRICE, close, side, size)
        return
    if order.type != _NO_ORDER:
        withdraw(state, page, at, False, close, side, _REPLACED)
    other = state.orders[1 - index]
    if other.type > _MARKET and own.order_type == _LIMIT and not settings.tradingview:
        withdraw(state, page, at, False, close, -side, _REPLACED)
    order.decided, order.type = at.time, own.order_type
    # A script computes its levels from the price that it asked for, not from what TradingView rounded it to.
    counted = asked if settings.tradingview == 1 and waits else base
    good, take_profit, stop_loss, risk_at = place_levels(
        state, settings, own, numbers, row, side, at.time, counted, close
    )
    sized_at = slipped(settings, base, side) if settings.tradingview == 1 and own.order_type == _MARKET else base
    quantity = quantity_for(settings, own.size_kind, size, budget, sized_at, risk_at)
    sized = _carried(state, settings, page, at, own.order_type, side, quantity, base, close)
    if not (sized and (good or settings.tradingview)):
        drop_order(state, side)
        _refuse(p, page, at, _NO_SIZE if good or settings.tradingview else _NO_LEVEL, close, side, size)
        one = page.decisions[page.decision_count - 1]
        one.take_profit, one.stop_loss = take_profit, stop_loss
        return
    if settings.tradingview == 1:
        foresee_legs(state, order.decided, side, quantity)
    order.price = base if waits else np.nan
    order.sent = 1 if own.order_type == _MARKET else own.entry_sent
    order.oco, order.size, order.quantity = own.oco, size, quantity
    order.triggered, order.wait = 0, settings.latency
    order.budget = budget_for(settings, own.size_kind, size, equity)
    order.flip = p.quantity if waits and p.side == -side and not leaves else 0.0
    wait = number(numbers, side_field(side, EXPIRE_BARS), row, p, close) if waits else np.nan
    order.expires = int(wait) if wait >= 1.0 else -1
    if order.sent == 1:
        _tell(p, own, order, page, at, close, side, take_profit, stop_loss)


@part
def _tell(
    p: Record, own: Record, order: Record, page: Page, at: Moment, close: float, side: int, take_profit: float,
    stop_loss: float,
) -> None:  # fmt: skip
    """Write the decision of an entry that the platform holds."""
    one = write_decision(p, page, at, False, _OPEN_LONG if side > 0 else _OPEN_SHORT, _ENTER, close, side)
    one.size = order.size if own.size_kind == _PERCENT else order.quantity
    one.price = order.price
    one.take_profit = take_profit if own.profit_sent else np.nan
    one.stop_loss = stop_loss if own.loss_sent else np.nan
    one.order = at.time


@step
def _carried(
    state: State, settings: Record, page: Page, at: Moment, kind: int, side: int, quantity: float, base: float,
    close: float,
) -> bool:  # fmt: skip
    """Tell whether the account can carry an entry. In TradingView, a reversal's closing half goes on without it."""
    p = state.position[0]
    equity = p.cash + p.side * p.quantity * (close - p.entry_price)
    held = p.quantity if p.side == side else 0.0
    judged_at = slipped(settings, close, side) if kind == _MARKET else close
    short_of_margin = exceeds_margin(settings, side, quantity, judged_at, equity)
    if short_of_margin and kind == _MARKET and p.side == -side and p.closing == 0:
        leave(state, settings, page, at, False, close, _REVERSE, np.nan)
    return bool(quantity > 0.0 and affordable(settings, quantity * base + held * close, equity) and not short_of_margin)


@step
def _refuse(p: Record, page: Page, at: Moment, reason: int, close: float, side: int, size: float) -> None:
    one = write_decision(p, page, at, False, 0, reason, close, side)
    one.size = size
