"""What an account's exchange goes by: steps, costs, margin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.market import MarketKind

MOST_OPEN_ORDERS = 200
"""Orders that may wait at once, take-profits and stop-losses apart: as many as large exchanges allow."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """How orders are taken and filled. Shares are fractions: a commission of 0.05 % is 0.0005.

    `tick` and `lot` are the steps of prices and amounts, 0 for none. `hedge`: long and short positions side by side;
    else they are one net position. `leverage` 0 asks for no margin at all; spot always pays in full. `multiplies`: the
    sizes of openLong and openShort are multiplied by the leverage, as the platform's sync template does. `funding` is
    what a long pays at 00, 08 and 16 UTC.
    """

    market: MarketKind
    tick: Decimal = _ZERO
    lot: Decimal = _ZERO
    min_notional: Decimal = _ZERO
    taker: Decimal = _ZERO
    maker: Decimal = _ZERO
    slippage: Decimal = _ZERO  # price distance that market and stop fills are worse by
    slippage_share: Decimal = _ZERO  # the same, as a share of the price
    hedge: bool = True
    leverage: Decimal = _ZERO
    maintenance: Decimal = _ZERO
    funding: Decimal = _ZERO
    multiplies: bool = False

    @property
    def spot(self) -> bool:
        """Whether amounts are owned rather than owed."""
        return self.market is MarketKind.SPOT

    @property
    def margin_share(self) -> Decimal:
        """The share of a position's value that its account must hold for it."""
        if self.spot:
            return Decimal(1)
        return 1 / self.leverage if self.leverage else _ZERO

    def slipped(self, price: Decimal, direction: int) -> Decimal:
        """Give a price after slippage; `direction` is 1 for buying."""
        return price + direction * (self.slippage + price * self.slippage_share)
