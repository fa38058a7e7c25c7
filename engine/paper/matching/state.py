"""An account's state as JSON, all but its orders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.paper.matching.account import Account
from engine.paper.matching.orders import Order, Position
from engine.paper.matching.terms import AccountTerms


def account_to_json(account: Account) -> str:
    """Write what `account_from_json` reads."""
    price = account.price
    state = {
        "cash": str(account.cash),
        "long": [str(account.long.quantity), str(account.long.entry_price)],
        "short": [str(account.short.quantity), str(account.short.entry_price)],
        "price": None if price is None else str(price),
        "time_ms": account.time_ms,
        "next_order": account.next_order,
        "tick": str(account.terms.tick),
        "lot": str(account.terms.lot),
    }
    return json.dumps(state)


def account_from_json(text: str, terms: AccountTerms, orders: Iterable[Order]) -> Account:
    """Read an account with its open orders. Errors: ValueError, KeyError, ArithmeticError for something else."""
    state: dict[str, Any] = json.loads(text)
    return Account(
        terms,
        Decimal(state["cash"]),
        Position(*map(Decimal, state["long"])),
        Position(*map(Decimal, state["short"])),
        {order.number: order for order in orders},
        None if state["price"] is None else Decimal(state["price"]),
        state["time_ms"],
        state["next_order"],
    )


def steps_of(text: str) -> tuple[Decimal, Decimal]:
    """Give the tick and the lot that an account last went by."""
    state = json.loads(text)
    return Decimal(state["tick"]), Decimal(state["lot"])
