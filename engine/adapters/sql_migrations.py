"""Older states brought up to this release's tables: forward only, each in one transaction, copied before.

Each step is written out as SQL once and never changed: it must do the same in ten years, whatever the tables are then.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from engine.adapters.sql_copy import copy_whole
from engine.adapters.sql_seal import seal_all

_TO_2 = (
    "ALTER TABLE routes ADD COLUMN seal TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE outbox ADD COLUMN by_hand BOOLEAN DEFAULT '0' NOT NULL",
    "ALTER TABLE outbox ADD COLUMN seal TEXT DEFAULT '' NOT NULL",
    "CREATE TABLE resolutions (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, "
    "at_ms BIGINT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, command INTEGER, "
    "FOREIGN KEY(seq) REFERENCES outbox (seq))",
    "CREATE INDEX ix_resolutions_seq ON resolutions (seq)",
    "CREATE TABLE commands (number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, word TEXT NOT NULL, "
    "asked_ms BIGINT NOT NULL, seq INTEGER, rows TEXT NOT NULL, reason TEXT NOT NULL, done_ms BIGINT, "
    "refused TEXT, seal TEXT NOT NULL)",
    "CREATE INDEX commands_by_done ON commands (done_ms)",
    "INSERT INTO meta (key, value) VALUES ('commits', '0')",
)
_TO_3 = (
    "CREATE INDEX outbox_by_created ON outbox (created_ms)",
    "CREATE INDEX outbox_by_bar ON outbox (route, bar_ms)",
    "CREATE TABLE journal (route TEXT NOT NULL, bar_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, candle BLOB, "
    "notes TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (route, bar_ms)) WITHOUT ROWID",
    "CREATE TABLE journal_chunks (route TEXT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, "
    "packed BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (route, first_ms))",
    "CREATE TABLE journal_marks (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL, "
    "bar_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, kind TEXT NOT NULL, facts BLOB NOT NULL, seal BLOB NOT NULL)",
    "CREATE INDEX journal_marks_by_route ON journal_marks (route, bar_ms)",
)
STEPS = {2: _TO_2, 3: _TO_3}
"""For each version, the statements that lead to it from the one before."""
OLDEST = min(STEPS) - 1


def copy_before(path: Path, raw: sqlite3.Connection, version: int) -> Path:
    """Keep the state as the older release left it. Errors: OSError, sqlite3.Error, StoreError."""
    kept = path.with_name(f"{path.name}.before-v{version + 1}")
    copy_whole(raw, kept)
    return kept


def migrate(connection: Connection, version: int, wanted: int) -> None:
    """Take a state from one version to another, inside the caller's transaction."""
    for step in range(version + 1, wanted + 1):
        for statement in STEPS[step]:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(step),))
    seal_all(connection)
