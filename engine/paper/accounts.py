"""An account and its orders, fills and funding as rows of the ledger's tables, and read back from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from engine.errors import StoreError
from engine.paper.matching import (
    Account,
    AccountTerms,
    Fill,
    Funding,
    Order,
    OrderKind,
    OrderStatus,
    account_from_json,
    account_to_json,
)
from engine.paper.matching.state import steps_of
from engine.paper.store import Store
from engine.paper.tables import accounts, is_open, orders

_DECIMALS = ("price", "profit", "loss", "average")
_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (Order, Fill, Funding)}


def read_account(store: Store, connector: str, terms: AccountTerms, capital: Decimal) -> Account:
    """Give a connector's account as it was last written, or a new one with `capital`. Errors: StoreError."""
    found = store.read(accounts, [accounts.c.connector == connector])
    if not found:
        return Account(terms, capital)
    waiting = store.read(orders, [orders.c.connector == connector, is_open], "number")
    try:
        tick, lot = steps_of(found[0]["state"])
        known = replace(terms, tick=terms.tick or tick, lot=terms.lot or lot)  # the market's, until it is asked again
        return account_from_json(found[0]["state"], known, map(_order, waiting))
    except (ValueError, KeyError, TypeError, ArithmeticError):
        raise StoreError(f"the ledger's account of '{connector}' cannot be read; give another file") from None


def account_row(connector: str, account: Account) -> dict[str, Any]:
    """Give an account's row, its orders apart."""
    return {"connector": connector, "time_ms": account.time_ms, "state": account_to_json(account)}


def rows_of(connector: str, what: Iterable[Order | Fill | Funding]) -> Iterator[dict[str, Any]]:
    """Give the rows of orders, fills or funding."""
    for one in what:
        row: dict[str, Any] = {"connector": connector}
        for name in _NAMES[type(one)]:
            value = getattr(one, name)
            row[name] = format(value, "f") if isinstance(value, Decimal) else value
        yield row


def _order(row: Mapping[str, Any]) -> Order:
    values = {name: value for name, value in row.items() if name != "connector"}
    decimals = {name: None if row[name] is None else Decimal(row[name]) for name in _DECIMALS}
    amounts = {name: Decimal(row[name]) for name in ("quantity", "filled")}
    kinds = {"kind": OrderKind(row["kind"]), "status": OrderStatus(row["status"]), "opens": bool(row["opens"])}
    return Order(**{**values, **decimals, **amounts, **kinds})
