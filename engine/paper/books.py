"""The accounts as the ledger has them: read at the start, written with each batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from engine.errors import StoreError
from engine.paper.matching import (
    Account,
    AccountTerms,
    Changes,
    Order,
    OrderKind,
    OrderStatus,
    account_from_json,
    account_to_json,
)
from engine.paper.matching.state import steps_of
from engine.paper.store import Store, write
from engine.paper.tables import accounts, fills, funding, is_open, orders

_DECIMALS = ("price", "profit", "loss", "average")


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


def write_account(connection: Connection, connector: str, account: Account, changes: Changes) -> None:
    """Write an account and what has happened to it. Errors: those of the database."""
    state = {"connector": connector, "time_ms": account.time_ms, "state": account_to_json(account)}
    write(connection, accounts, [state])
    write(connection, orders, ({"connector": connector, **_plain(asdict(o))} for o in changes.orders.values()))
    for table, rows in ((fills, changes.fills), (funding, changes.funding)):
        if rows:
            given = [{"connector": connector, **_plain(asdict(row))} for row in rows]
            connection.execute(table.insert(), given)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in row.items()}


def _order(row: Mapping[str, Any]) -> Order:
    values = {name: value for name, value in row.items() if name != "connector"}
    decimals = {name: None if row[name] is None else Decimal(row[name]) for name in _DECIMALS}
    amounts = {name: Decimal(row[name]) for name in ("quantity", "filled")}
    kinds = {"kind": OrderKind(row["kind"]), "status": OrderStatus(row["status"]), "opens": bool(row["opens"])}
    return Order(**{**values, **decimals, **amounts, **kinds})
