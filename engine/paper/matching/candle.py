"""A candle meets the orders of an account: what fills in it, in which order, at which price.

The price's way is that of `engine.decisions.touch`: open, the nearer of high and low, the other, close. At the open
first funding is paid, then market orders fill in the order in which they came, then what the open has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.decisions.touch import NOISE, high_first, touched
from engine.paper.matching.account import Account
from engine.paper.matching.orders import Funding, Order, OrderKind, OrderStatus

_ZERO = Decimal(0)
_NOISE = Decimal(str(NOISE))
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
    noise = account.terms.tick * _NOISE
    up = high_first(candle.open, candle.high, candle.low, noise)
    first, second = (candle.high, candle.low) if up else (candle.low, candle.high)
    here = candle.open
    for end in (candle.open, first, second, candle.close):
        _leg(account, here, end, noise, candle.time_ms)
        here = end


def _leg(account: Account, start: Decimal, end: Decimal, noise: Decimal, time_ms: int) -> None:
    """Go from one price to another, through every level between; where both are one, all that it has passed fills."""
    here = start
    rising, falling = end >= start, end <= start
    while True:
        nearest: tuple[Decimal, int, int] | None = None
        found: Order | None = None
        price = here
        # Of what lies at one price, exits come first, then ruin, then entries, then the older one.
        for order in account.orders.values():
            if order.price is None:
                continue
            is_met, at = touched(order.price, order.waits_above, here, end, rising, falling, noise)
            rank = (abs(at - here), 2 if order.opens else 0, order.number)
            if is_met and (nearest is None or rank < nearest):
                nearest, found, price = rank, order, at
        ruin = _ruin(account)
        if ruin is not None:
            level, above = ruin
            is_met, at = touched(level, above, here, end, rising, falling, noise)
            if is_met and (nearest is None or (abs(at - here), 1, 0) < nearest):
                _liquidate(account, at, time_ms)
                return
        if found is None:
            return
        here = price
        stop = found.kind is OrderKind.STOP_LOSS
        at = account.terms.slipped(price, found.direction) if stop else price
        account.fill(found, at, maker=not stop, time_ms=time_ms)


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
