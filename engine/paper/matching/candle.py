"""A candle meets the orders of an account: what fills in it, in which order, at which price.

At the open first funding is paid, then market orders fill in the order in which they came, then what the open has
passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.paper.matching.account import Account
from engine.paper.matching.orders import Funding, Order, OrderKind, OrderStatus
from engine.paper.matching.way import high_first, touched

_FUNDING_EVERY_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True)
class Candle:
    """A closed candle; times ms UTC. `funding` is the rate that falls due in it, where it is not the account's own."""

    time_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    funding: Decimal | None = None


def meet(account: Account, candle: Candle) -> None:
    """Take a candle through an account. Candles come in order of time; one that came already is nothing."""
    if account.time_ms is not None and candle.time_ms < account.time_ms:
        return
    _pay_funding(account, candle)
    for order in account.open_orders(protecting=False):
        if order.kind is OrderKind.MARKET and order.number in account.orders:
            price = account.terms.slipped(candle.open, order.direction)
            account.fill(order, price, maker=False, time_ms=candle.time_ms)
    if account.orders or account.long.quantity or account.short.quantity:
        _walk(account, candle)
    account.price, account.time_ms = candle.close, candle.close_ms


def _walk(account: Account, candle: Candle) -> None:
    up = high_first(candle.open, candle.high, candle.low)
    first, second = (candle.high, candle.low) if up else (candle.low, candle.high)
    here = candle.open
    for end in (candle.open, first, second, candle.close):
        _leg(account, here, end, candle.time_ms)
        here = end


def _leg(account: Account, start: Decimal, end: Decimal, time_ms: int) -> None:
    """Go from one price to another, through every level between; where both are one, all that it has passed fills."""
    here = start
    while True:
        order, price = _next(account, here, end, start)
        ruin = _ruin(account)
        at = None if ruin is None else touched(*ruin, here, end, start)
        if at is not None and (order is None or (abs(at - here), order.opens) < (abs(price - here), True)):
            _liquidate(account, at, time_ms)
            return
        if order is None:
            return
        here = price
        stop = order.kind is OrderKind.STOP_LOSS
        account.fill(
            order, account.terms.slipped(price, order.direction) if stop else price, maker=not stop, time_ms=time_ms
        )


def _next(account: Account, here: Decimal, end: Decimal, start: Decimal) -> tuple[Order | None, Decimal]:
    """Give the order that is met next, and where. Of what lies at one price, exits come first, then the older one."""
    found: Order | None = None
    price, nearest = here, (Decimal(0), False, 0)
    for order in account.orders.values():
        at = None if order.price is None else touched(order.price, order.waits_above, here, end, start)
        if at is None:
            continue
        rank = (abs(at - here), order.opens, order.number)
        if found is None or rank < nearest:
            found, price, nearest = order, at, rank
    return found, price


def _pay_funding(account: Account, candle: Candle) -> None:
    rate = candle.funding
    if rate is None and account.terms.funding:
        before = candle.time_ms if account.time_ms is None else account.time_ms
        due = (candle.close_ms - 1) // _FUNDING_EVERY_MS - (before - 1) // _FUNDING_EVERY_MS
        rate = account.terms.funding * due
    if not rate or account.terms.spot:
        return
    amount = (account.long.quantity - account.short.quantity) * candle.open * rate
    if amount:
        account.cash -= amount
        account.changes.funding.append(Funding(candle.time_ms, candle.open, rate, amount))


def _ruin(account: Account) -> tuple[Decimal, bool] | None:
    """Give the price at which equity is down to the maintenance margin, and whether it lies in the way up.

    Equity at x is cash + long (x - its entry) - short (x - its entry); the exchange takes all over where that is
    maintenance * (long + short) * x: cross margin.
    """
    share, long, short = account.terms.maintenance, account.long, account.short
    gross = long.quantity + short.quantity
    if not share or not gross or account.terms.spot:
        return None
    slope = long.quantity - short.quantity - share * gross
    if not slope:
        return None
    price = (long.quantity * long.entry_price - short.quantity * short.entry_price - account.cash) / slope
    return (price, slope < 0) if price > 0 else None


def _liquidate(account: Account, price: Decimal, time_ms: int) -> None:
    for order in list(account.orders.values()):
        account.end(order, OrderStatus.CANCELLED, "the account is liquidated", time_ms)
    for side, position in list(account.sides()):
        order = Order(
            account.new_number(), 0, None, OrderKind.LIQUIDATION, side, False, position.quantity, time_ms, price
        )
        account.add(order)
        account.fill(order, price, maker=False, time_ms=time_ms)
