"""The tables of the state: what a route remembers, the outbox, and every attempt to deliver."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text

SCHEMA_VERSION = 1
"""Raised with every change of a table here."""

METADATA = MetaData()

META = Table(
    "meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

ROUTES = Table(
    "routes",
    METADATA,
    Column("route", Text, primary_key=True),
    Column("watermark_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("rule_sha256", Text, nullable=False),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("client_order_id", Text, nullable=False, unique=True),
    Column("route", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("bar_ms", BigInteger, nullable=False),
    Column("deadline_ms", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("next_try_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("maybe_arrived", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("outbox_by_state", "state", "connector"),
    Index("outbox_by_route", "route", "intent"),
    sqlite_autoincrement=True,  # a number is never given twice, so no attempt can come to belong to another message
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, ForeignKey(OUTBOX.c.seq), nullable=False, index=True),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("phase", Text, nullable=False),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
