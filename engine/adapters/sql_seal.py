"""A seal on every row that decides anything: SQLite checks its structure, and a flipped bit in a value is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select, update

from engine.adapters.sql_tables import COMMANDS, OUTBOX, ROUTES
from engine.errors import StoreError

SEALED = (ROUTES, OUTBOX, COMMANDS)
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_ORDER = {table.name: [c.name for c in table.columns if c.name != "seal"] for table in SEALED}


def seal(table: Table, values: Mapping[Any, Any]) -> str:
    """Give the seal of a row: 64 bits over the table's name and all values, in the order of the columns."""
    ordered = [values.get(name) for name in _ORDER[table.name]]
    text = _JSON([table.name, *ordered])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def check_seal(table: Table, values: Mapping[Any, Any]) -> None:
    """Refuse a row whose values are not those that were written. Errors: StoreError."""
    if values["seal"] != seal(table, values):
        (key,) = table.primary_key.columns
        raise StoreError(f"row {values[key.name]} of {table.name} is damaged: its seal does not fit; restore a backup")


def check_all_seals(connection: Connection) -> None:
    """Check every row. Errors: StoreError."""
    for table in SEALED:
        for record in connection.execute(select(table)):
            check_seal(table, record._mapping)  # noqa: SLF001 - SQLAlchemy's own public name


def seal_all(connection: Connection) -> None:
    """Seal every row as it is: for rows that were written before there were seals."""
    for table in SEALED:
        (key,) = table.primary_key.columns
        for record in connection.execute(select(table)).all():
            values = record._mapping  # noqa: SLF001 - SQLAlchemy's own public name
            connection.execute(update(table).where(key == values[key.name]).values(seal=seal(table, values)))
