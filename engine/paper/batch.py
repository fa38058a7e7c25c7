"""What one commit writes: gathered message by message, written table by table. A few statements, however many came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from engine.paper.accounts import account_row, rows_of
from engine.paper.matching import Account
from engine.paper.store import Row
from engine.paper.tables import accounts, fills, funding, messages, orders, placed

# Made once: SQLAlchemy takes longer to make a statement than SQLite to carry it out.
_WRITE = {table: insert(table) for table in (messages, fills, funding)}
_WRITE |= {table: insert(table).prefix_with("OR REPLACE") for table in (accounts, orders)}
_BECAME = update(messages).where(messages.c.sequence == bindparam("of")).values(became=bindparam("what"))
_FIRST_UNDER = select(messages).where(
    placed, messages.c.connector == bindparam("connector"), messages.c.client_order_id == bindparam("ident")
)


@dataclass(slots=True)
class Batch:
    """What has happened since the last commit: rows of new messages, what became of older ones, accounts by name."""

    _messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    _placed: dict[tuple[str, str], Row] = field(default_factory=dict)
    _became: list[dict[str, Any]] = field(default_factory=list)
    _accounts: dict[str, Account] = field(default_factory=dict)

    def add(self, row: dict[str, Any], *, places: bool) -> None:
        """Add a message; `places`: its order is the first under its id, if it has one."""
        self._messages[row["sequence"]] = row
        if places and row["client_order_id"] is not None:
            self._placed[row["connector"], row["client_order_id"]] = row

    def first_under(self, connection: Connection, connector: str, ident: str) -> Row | None:
        """Give the message that placed an order under this id, in this batch or before, if one did."""
        if (row := self._placed.get((connector, ident))) is not None:
            return row
        found = connection.execute(_FIRST_UNDER, {"connector": connector, "ident": ident}).mappings().one_or_none()
        return None if found is None else dict(found)

    def became(self, sequence: int, what: str) -> None:
        """Say what a message did to its account."""
        if sequence in self._messages:
            self._messages[sequence]["became"] = what
        else:
            self._became.append({"of": sequence, "what": what})

    def changed(self, connector: str, account: Account) -> None:
        """Say that an account is another than it was."""
        self._accounts[connector] = account

    def write(self, connection: Connection) -> None:
        """Write all of it. Errors: those of the database."""
        changes = {name: account.take_changes() for name, account in self._accounts.items()}
        rows: dict[Table, list[dict[str, Any]]] = {
            messages: list(self._messages.values()),
            accounts: [account_row(name, account) for name, account in self._accounts.items()],
            orders: [row for name, of in changes.items() for row in rows_of(name, of.orders.values())],
            fills: [row for name, of in changes.items() for row in rows_of(name, of.fills)],
            funding: [row for name, of in changes.items() for row in rows_of(name, of.funding)],
        }
        for table, found in rows.items():
            if found:
                connection.execute(_WRITE[table], found)
        if self._became:
            connection.execute(_BECAME, self._became)
