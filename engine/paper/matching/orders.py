"""What an account is made of: orders, positions, fills."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_ZERO = Decimal(0)


class OrderKind(StrEnum):
    """How an order fills."""

    MARKET = "market"
    LIMIT = "limit"
    TAKE_PROFIT = "take-profit"
    STOP_LOSS = "stop-loss"
    LIQUIDATION = "liquidation"

    @property
    def protects(self) -> bool:
        """Whether it came to life with its entry's fill."""
        return self in (OrderKind.TAKE_PROFIT, OrderKind.STOP_LOSS)


class OrderStatus(StrEnum):
    """What became of an order."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(slots=True)
class Order:
    """An order. `side` is 1 for one that opens or closes a long position (spot: always), -1 for a short one.

    `quantity` is what was ordered, `filled` what was filled, at `average`. `profit` and `loss` are the prices of the
    two orders that its fill brings to life; those name it as their `parent`. Times are ms UTC, of the market.
    """

    number: int
    message: int
    client_order_id: str | None
    kind: OrderKind
    side: int
    opens: bool
    quantity: Decimal
    placed_ms: int
    price: Decimal | None = None
    profit: Decimal | None = None
    loss: Decimal | None = None
    parent: int | None = None
    filled: Decimal = _ZERO
    average: Decimal | None = None
    status: OrderStatus = OrderStatus.OPEN
    reason: str = ""
    done_ms: int | None = None

    @property
    def direction(self) -> int:
        """1 for one that buys, -1 for one that sells."""
        return self.side if self.opens else -self.side

    @property
    def waits_above(self) -> bool:
        """Whether it fills at prices at or above its own: a limit that sells, a stop that buys."""
        return (self.direction < 0) == (self.kind is not OrderKind.STOP_LOSS)


@dataclass(slots=True)
class Position:
    """What is held, or owed; of several entries the average price. On spot it is what is owned."""

    quantity: Decimal = _ZERO
    entry_price: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Fill:
    """A fill. `profit` is what a close gained, by the average entry price, before fees; `time_ms` of its candle."""

    order: int
    message: int
    time_ms: int
    side: int
    opens: bool
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    profit: Decimal
    kind: OrderKind


@dataclass(frozen=True, slots=True)
class Funding:
    """What was paid for holding; below 0 what was received."""

    time_ms: int
    price: Decimal
    rate: Decimal
    amount: Decimal
