"""An account: cash, positions, orders, and what fills do to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from engine.paper.matching.orders import Fill, Funding, Order, OrderKind, OrderStatus, Position
from engine.paper.matching.terms import AccountTerms
from engine.webhook import number_text, to_step

_ZERO = Decimal(0)


@dataclass(slots=True)
class Changes:
    """What has happened to an account since it was last written down."""

    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    funding: list[Funding] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """One connector's account. `price` is the close of the last candle, `time_ms` when that closed, None before any.

    `orders` are those that are open, by number. `next_order` is the number of the next one.
    """

    terms: AccountTerms
    cash: Decimal
    long: Position = field(default_factory=Position)
    short: Position = field(default_factory=Position)
    orders: dict[int, Order] = field(default_factory=dict)
    price: Decimal | None = None
    time_ms: int | None = None
    next_order: int = 1
    changes: Changes = field(default_factory=Changes)

    def position(self, side: int) -> Position:
        """Give the position of a side."""
        return self.long if side > 0 else self.short

    def unrealised(self, price: Decimal) -> Decimal:
        """Give what the positions have gained at a price. On spot, where they are owned, what they are worth."""
        gained = self.long.quantity * (price - (_ZERO if self.terms.spot else self.long.entry_price))
        return gained - self.short.quantity * (price - self.short.entry_price)

    def equity(self, price: Decimal | None = None) -> Decimal:
        """Give what the account is worth, at the last price if none is given."""
        at = self.price if price is None else price
        return self.cash if at is None else self.cash + self.unrealised(at)

    def open_orders(self, *, protecting: bool | None = None) -> list[Order]:
        """Give the open orders, oldest first; only those that protect a position, or only the others."""
        return [o for o in self.orders.values() if protecting is None or o.kind.protects == protecting]

    def closing(self, side: int, *, at_once: bool = False) -> Decimal:
        """Give how much of a side's position waiting orders are going to close, those that protect it apart."""
        waiting = (o for o in self.orders.values() if not o.opens and o.side == side and not o.kind.protects)
        return sum((o.quantity for o in waiting if not at_once or o.kind is OrderKind.MARKET), _ZERO)

    def available(self, price: Decimal, apart: Order | None = None) -> Decimal:
        """Give what another entry may use at a price: equity less the margin of what is held and of what is ordered.

        What closes at once counts as closed at this price. `apart` is an order that does not count.
        """
        return self._unspent(price) - self._reserved(price, apart)

    def _unspent(self, price: Decimal) -> Decimal:
        share = self.terms.margin_share
        if self.terms.spot:
            return self.cash + min(self.closing(1, at_once=True), self.long.quantity) * price
        held = (max(self.position(s).quantity - self.closing(s, at_once=True), _ZERO) for s in (1, -1))
        return self.equity(price) - sum(held, _ZERO) * price * share

    def _reserved(self, price: Decimal, apart: Order | None) -> Decimal:
        share = self.terms.margin_share
        waiting = (o for o in self.orders.values() if o.opens and o is not apart)
        return sum((o.quantity * (o.price or price) * share for o in waiting), _ZERO)

    def affordable(self, price: Decimal, available: Decimal) -> Decimal | None:
        """Give the most that can be opened at a price, its fee included, down to the lot; None for any amount."""
        share = self.terms.margin_share
        if not share:
            return None if available > 0 else _ZERO
        return to_step(max(available, _ZERO) / (price * (share + self.terms.taker)), self.terms.lot, down=True)

    def add(self, order: Order) -> Order:
        """Let an order wait."""
        self.orders[order.number] = order
        self.changes.orders[order.number] = order
        return order

    def new_number(self) -> int:
        """Give the number of the next order."""
        self.next_order += 1
        return self.next_order - 1

    def end(self, order: Order, status: OrderStatus, reason: str, time_ms: int) -> None:
        """End an order."""
        order.status, order.reason, order.done_ms = status, reason, time_ms
        self.orders.pop(order.number, None)
        self.changes.orders[order.number] = order

    def fill(self, order: Order, price: Decimal, *, maker: bool, time_ms: int) -> None:
        """Fill an order at a price, slippage included: all of it, or as much as there is to close or to pay for."""
        if order.opens:
            self._open(order, price, maker=maker, time_ms=time_ms)
        else:
            self._close(order, price, maker=maker, time_ms=time_ms)

    def _open(self, order: Order, price: Decimal, *, maker: bool, time_ms: int) -> None:
        quantity = order.quantity
        if self.terms.margin_share:
            most = self.affordable(price, self.available(price, apart=order))
            quantity = quantity if most is None else min(quantity, most)
        if quantity <= 0:
            short = f"insufficient balance at {number_text(price)}, the price of the fill"
            self.end(order, OrderStatus.REJECTED, short, time_ms)
            return
        netted = _ZERO if self.terms.hedge or self.terms.spot else min(quantity, self.position(-order.side).quantity)
        if netted:
            self._book(order, price, netted, maker=maker, time_ms=time_ms, opens=False, side=-order.side)
        if quantity > netted:
            self._book(order, price, quantity - netted, maker=maker, time_ms=time_ms, opens=True, side=order.side)
        self._filled(order, price, quantity, time_ms)
        if netted:
            self._drop_idle(-order.side, time_ms)
        for kind, level in ((OrderKind.TAKE_PROFIT, order.profit), (OrderKind.STOP_LOSS, order.loss)):
            if level is not None and quantity > netted:
                child = Order(
                    self.new_number(), order.message, None, kind, order.side, False, quantity - netted, time_ms, level,
                    parent=order.number,
                )  # fmt: skip
                self.add(child)

    def _close(self, order: Order, price: Decimal, *, maker: bool, time_ms: int) -> None:
        held = self.position(order.side).quantity
        quantity = min(order.quantity, held)
        if quantity <= 0:
            self.end(order, OrderStatus.REJECTED, f"there is no {_side(order.side)} position to close", time_ms)
            return
        self._book(order, price, quantity, maker=maker, time_ms=time_ms, opens=False, side=order.side)
        self._filled(order, price, quantity, time_ms)
        for other in self.open_orders(protecting=True) if order.kind.protects else []:
            if other.parent == order.parent:
                self.end(other, OrderStatus.CANCELLED, f"{order.kind} {order.number} has filled", time_ms)
        self._drop_idle(order.side, time_ms)

    def _book(
        self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool, time_ms: int, opens: bool, side: int
    ) -> None:
        """Move cash and position."""
        p, terms = self.position(side), self.terms
        fee = quantity * price * (terms.maker if maker else terms.taker)
        profit = _ZERO
        if opens:
            p.entry_price = (p.entry_price * p.quantity + price * quantity) / (p.quantity + quantity)
            p.quantity += quantity
            self.cash -= fee + (quantity * price if terms.spot else _ZERO)
        else:
            profit = side * quantity * (price - p.entry_price)
            p.quantity -= quantity
            self.cash += (quantity * price if terms.spot else profit) - fee
        kind = order.kind
        self.changes.fills.append(
            Fill(order.number, order.message, time_ms, side, opens, price, quantity, fee, maker, profit, kind)
        )

    def _filled(self, order: Order, price: Decimal, quantity: Decimal, time_ms: int) -> None:
        order.filled, order.average = quantity, price
        cut = "" if quantity == order.quantity else f"cut from {number_text(order.quantity)}: all that there was"
        self.end(order, OrderStatus.FILLED, cut, time_ms)

    def _drop_idle(self, side: int, time_ms: int) -> None:
        """Withdraw what would close a position that is gone."""
        p = self.position(side)
        if p.quantity > 0:
            return
        p.quantity = p.entry_price = _ZERO
        for order in list(self.orders.values()):
            if not order.opens and order.side == side:
                self.end(order, OrderStatus.CANCELLED, f"the {_side(side)} position is closed", time_ms)

    def take_changes(self) -> Changes:
        """Give what has happened since the last time."""
        taken, self.changes = self.changes, Changes()
        return taken

    def sides(self) -> Iterator[tuple[int, Position]]:
        """Give the positions that there are."""
        for side in (1, -1):
            if self.position(side).quantity:
                yield side, self.position(side)


def _side(side: int) -> str:
    return "long" if side > 0 else "short"
