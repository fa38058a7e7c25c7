"""The tables of the platform's ledger. Decimals are texts, times ms UTC; `sequence` and `number` count from 1."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, and_, literal_column
from sqlalchemy.sql import ColumnElement

from engine.webhook import Action

VERSION = 2
# Written out, not bound: SQLite takes an index with a condition only for a query that says the condition itself.
_ACCEPTED: ColumnElement[str] = literal_column("'accepted'")
_OPEN: ColumnElement[str] = literal_column("'open'")
_CANCELS: list[ColumnElement[str]] = [literal_column(f"'{action}'") for action in Action if action.cancels]

metadata = MetaData()
messages = Table(
    "messages",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("time_ms", Integer, nullable=False),
    Column("connector", String, nullable=False),
    Column("action", String, nullable=False),
    Column("client_order_id", String),
    Column("fields", String, nullable=False),
    Column("size_kind", String),
    Column("size", String),
    Column("verdict", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("acts_ms", Integer),  # when it is carried out, in the market's time; null for what is not
    Column("became", String),  # null while it waits
    sqlite_autoincrement=True,
)
placed = and_(messages.c.verdict == _ACCEPTED, *(messages.c.action != cancel for cancel in _CANCELS))
waiting = and_(messages.c.verdict == _ACCEPTED, messages.c.became.is_(None))

# Two orders under one id cannot be written, whoever writes.
placed_once = Index("placed_once", messages.c.connector, messages.c.client_order_id, unique=True, sqlite_where=placed)
still_waiting = Index("still_waiting", messages.c.sequence, sqlite_where=waiting)

accounts = Table(
    "accounts",
    metadata,
    Column("connector", String, primary_key=True),
    Column("time_ms", Integer),
    Column("state", String, nullable=False),
)
orders = Table(
    "orders",
    metadata,
    Column("connector", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("message", Integer, nullable=False),
    Column("client_order_id", String),
    Column("kind", String, nullable=False),
    Column("side", Integer, nullable=False),
    Column("opens", Integer, nullable=False),
    Column("quantity", String, nullable=False),
    Column("price", String),
    Column("profit", String),
    Column("loss", String),
    Column("parent", Integer),
    Column("filled", String, nullable=False),
    Column("average", String),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("placed_ms", Integer, nullable=False),
    Column("done_ms", Integer),
)
is_open = orders.c.status == _OPEN
Index("open_orders", orders.c.connector, orders.c.number, sqlite_where=is_open)
fills = Table(
    "fills",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("connector", String, nullable=False),
    Column("order", Integer, nullable=False),
    Column("message", Integer, nullable=False),
    Column("time_ms", Integer, nullable=False),
    Column("side", Integer, nullable=False),
    Column("opens", Integer, nullable=False),
    Column("price", String, nullable=False),
    Column("quantity", String, nullable=False),
    Column("fee", String, nullable=False),
    Column("maker", Integer, nullable=False),
    Column("profit", String, nullable=False),
    Column("kind", String, nullable=False),
    sqlite_autoincrement=True,
)
funding = Table(
    "funding",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("connector", String, nullable=False),
    Column("time_ms", Integer, nullable=False),
    Column("price", String, nullable=False),
    Column("rate", String, nullable=False),
    Column("amount", String, nullable=False),
    sqlite_autoincrement=True,
)
