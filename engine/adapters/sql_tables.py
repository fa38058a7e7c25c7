"""The tables of the state: what a route remembers, the outbox, every attempt, and what the operator asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

SCHEMA_VERSION = 3
"""Raised with every change of a table here; sql_migrations has a step for each."""

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
    Column("seal", Text, nullable=False, server_default=""),
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
    Column("by_hand", Boolean, nullable=False, server_default="0"),
    Column("seal", Text, nullable=False, server_default=""),
    Index("outbox_by_state", "state", "connector"),
    Index("outbox_by_route", "route", "intent"),
    Index("outbox_by_created", "created_ms"),
    Index("outbox_by_bar", "route", "bar_ms"),
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

RESOLUTIONS = Table(
    "resolutions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, ForeignKey(OUTBOX.c.seq), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("command", Integer),
    sqlite_autoincrement=True,
)
"""Every change of a message that was no attempt; `command` is the operator's, where it was his."""

COMMANDS = Table(
    "commands",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("word", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("seq", Integer),
    Column("rows", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("done_ms", BigInteger),
    Column("refused", Text),
    Column("seal", Text, nullable=False),
    Index("commands_by_done", "done_ms"),
    sqlite_autoincrement=True,
)
"""What the operator asked for; `done_ms` None: not looked at yet. `refused` says why nothing was done."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("route", Text, primary_key=True),
    Column("bar_ms", BigInteger, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("candle", LargeBinary),
    Column("notes", Text, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What was seen and decided of each bar; the candle is five doubles, least byte first. `seal` is the hash of it all."""

JOURNAL_CHUNKS = Table(
    "journal_chunks",
    METADATA,
    Column("route", Text, primary_key=True),
    Column("first_ms", BigInteger, primary_key=True),
    Column("last_ms", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
"""Stretches of the journal that are no longer young, as journal_pack writes them."""

JOURNAL_MARKS = Table(
    "journal_marks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("route", Text, nullable=False),
    Column("bar_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Index("journal_marks_by_route", "route", "bar_ms"),
    sqlite_autoincrement=True,
)
"""States to replay the journal from, as zlib of JSON."""
