"""What a message does to an account when its moment has come."""

from __future__ import annotations

from decimal import Decimal

from engine.paper.incoming import Incoming
from engine.paper.matching.account import Account
from engine.paper.matching.orders import Order, OrderKind, OrderStatus
from engine.paper.matching.terms import MOST_OPEN_ORDERS
from engine.paper.size import SizeKind
from engine.paper.target import moves_to
from engine.webhook import Action, number_text, to_step

_SHORTS = (Action.OPEN_SHORT, Action.CLOSE_SHORT)
_HUNDRED = Decimal(100)
_ZERO = Decimal(0)


class _RefusedOrderError(Exception):
    """Why an exchange does not take an order; its text is what the ledger says."""


def place(account: Account, message: Incoming, number: int, time_ms: int) -> str:
    """Carry out message `number` at `time_ms` of the market; give what became of it, in words."""
    if message.target is not None:
        held = account.long.quantity, account.short.quantity
        moves = moves_to(message, message.target, *held)
        said = [_order(account, action, move, number, time_ms) for action, move in moves]
        return "; ".join(said) or "the position is as it should be"
    if message.action is Action.CANCEL:
        return _cancel(account, message.client_order_id, time_ms)
    if message.action is Action.CANCEL_ALL:
        return _cancel_all(account, time_ms)
    if message.action is None:
        raise AssertionError("a message without a position has an action")
    return _order(account, message.action, message, number, time_ms)


def _cancel(account: Account, client_order_id: str | None, time_ms: int) -> str:
    for order in account.open_orders():
        if order.client_order_id == client_order_id:
            account.end(order, OrderStatus.CANCELLED, "cancelled by its id", time_ms)
            return f"cancelled order {order.number}"
    return "nothing to cancel: no order with this clientOrderId waits"


def _cancel_all(account: Account, time_ms: int) -> str:
    waiting = account.open_orders()
    for order in waiting:
        account.end(order, OrderStatus.CANCELLED, "cancelled with all others", time_ms)
    return f"cancelled {len(waiting)} orders" if waiting else "nothing to cancel: no order waits"


def _order(account: Account, action: Action, message: Incoming, number: int, time_ms: int) -> str:
    order = Order(
        number=account.new_number(),
        message=number,
        client_order_id=message.client_order_id,
        kind=OrderKind.MARKET if message.limit is None else OrderKind.LIMIT,
        side=-1 if action in _SHORTS else 1,
        opens=action.opens,
        quantity=_ZERO,
        placed_ms=time_ms,
        price=message.limit,
        profit=message.profit,
        loss=message.loss,
    )
    try:
        order.quantity = _quantity(account, message, order)
    except _RefusedOrderError as why:
        account.end(order, OrderStatus.REJECTED, str(why), time_ms)
        return f"order {order.number} rejected: {why}"
    account.add(order)
    at = "market" if order.price is None else f"limit {number_text(order.price)}"
    return f"order {order.number}: {action} {number_text(order.quantity)} at {at}"


def _quantity(account: Account, message: Incoming, order: Order) -> Decimal:
    """Give the amount that is ordered. Errors: _RefusedOrderError."""
    if account.price is None:
        raise _RefusedOrderError("no price is known yet: no candle has come")
    if len(account.open_orders(protecting=False)) >= MOST_OPEN_ORDERS:
        raise _RefusedOrderError(f"{MOST_OPEN_ORDERS} orders wait already; cancel some of them")
    terms = account.terms
    for name, price in (("limit", order.price), ("profit", order.profit), ("loss", order.loss)):
        if price is not None and to_step(price, terms.tick) != price:
            raise _RefusedOrderError(
                f"{name} {number_text(price)} is no multiple of the tick {number_text(terms.tick)}"
            )
    base = order.price or account.price
    quantity = _opening(account, message, base) if order.opens else _closing(account, message, order)
    if terms.min_notional and (order.opens or terms.spot) and quantity * base < terms.min_notional:
        least = number_text(terms.min_notional)
        raise _RefusedOrderError(f"{number_text(quantity * base)} is below the minimum notional of {least}")
    _check_levels(order, base)
    return quantity


def _opening(account: Account, message: Incoming, base: Decimal) -> Decimal:
    terms, size = account.terms, message.size or _HUNDRED
    times = terms.leverage if terms.multiplies and terms.leverage and not terms.spot else Decimal(1)
    available = account.available(account.price or base)
    most = account.affordable(base, available)
    if message.size_kind is SizeKind.PERCENT:
        if available <= 0:
            raise _RefusedOrderError(f"insufficient balance: {number_text(available)} is available")
        wanted = to_step(available * size / _HUNDRED * times / base, terms.lot, down=True)
        if wanted <= 0:
            raise _RefusedOrderError(f"{number_text(size)} % of what is available is below the lot {terms.lot:f}")
        quantity = wanted  # what its fee and a gap leave no money for is cut off when it fills
    else:
        money = message.size_kind is SizeKind.NOTIONAL
        quantity = to_step(size * times / base, terms.lot, down=True) if money else _whole(size * times, terms.lot)
    if quantity <= 0 or (message.size_kind is not SizeKind.PERCENT and most is not None and quantity > most):
        needed = number_text(quantity * base * (terms.margin_share + terms.taker))
        raise _RefusedOrderError(f"insufficient balance: {needed} is needed, {number_text(available)} is available")
    return quantity


def _closing(account: Account, message: Incoming, order: Order) -> Decimal:
    held = account.position(order.side).quantity
    free = held - account.closing(order.side)
    name = "base asset" if account.terms.spot else f"{'long' if order.side > 0 else 'short'} position"
    if held <= 0:
        raise _RefusedOrderError(f"insufficient balance: there is no {name} to {message.action}")
    if free <= 0:
        raise _RefusedOrderError(f"insufficient balance: waiting orders close all of the {name} already")
    if message.size_kind is SizeKind.FIXED:
        wanted = _whole(message.size or _ZERO, account.terms.lot)
        if wanted > free and account.terms.spot:
            raise _RefusedOrderError(f"insufficient balance: {number_text(free)} is available")
        return min(wanted, free)
    if message.size is None or message.size == _HUNDRED:
        return free
    quantity = to_step(free * message.size / _HUNDRED, account.terms.lot, down=True)
    if quantity <= 0:
        lot = number_text(account.terms.lot)
        raise _RefusedOrderError(f"{number_text(message.size)} % of {number_text(free)} is below the lot {lot}")
    return quantity


def _whole(quantity: Decimal, lot: Decimal) -> Decimal:
    if to_step(quantity, lot) != quantity:
        raise _RefusedOrderError(f"the amount {number_text(quantity)} is no multiple of the lot {number_text(lot)}")
    return quantity


def _check_levels(order: Order, base: Decimal) -> None:
    """Refuse a take-profit or stop-loss that would be met at once."""
    for name, level, above in (("profit", order.profit, order.side > 0), ("loss", order.loss, order.side < 0)):
        if level is not None and (level > base) != above:
            where = "above" if above else "below"
            raise _RefusedOrderError(f"{name} {number_text(level)} must be {where} the price {number_text(base)}")
