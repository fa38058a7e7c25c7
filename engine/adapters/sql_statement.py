"""Statements that run with every bar and message: compiled once, then run on the driver itself.

SQLAlchemy writes them; what it does at every run (looking a statement up, checking its parameters, wrapping the result)
takes several times as long as SQLite's own work on a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = sqlite.dialect()


@contextmanager
def transaction(connection: Connection, *, writes: bool) -> Iterator[None]:
    """Hold a transaction open, and commit it; one that writes waits for others at its begin, not in its midst.

    Errors: sqlite3.Error, SQLAlchemyError; all is rolled back then, as after any error inside.
    """
    driver = driver_of(connection)
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        driver.commit()
    except BaseException:
        driver.rollback()
        raise
    finally:
        if connection.in_transaction():  # SQLAlchemy's own word for it: there where it ran a statement
            connection.rollback()


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Give SQLite's own connection."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


class Statement:
    """One statement with named values. Errors of its methods: sqlite3.Error."""

    def __init__(self, built: Executable) -> None:
        """Compile it. A list of values (`in_`) is none of one statement: its text depends on how many there are."""
        compiled = cast("SQLCompiler", built.compile(dialect=_DIALECT))  # type: ignore[attr-defined] # every statement has it
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        columns = getattr(built, "exported_columns", ()) or ()
        self._readers = [(column.name, column.type.result_processor(_DIALECT, None)) for column in columns]

    def run(self, connection: Connection, values: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """Run it in the transaction that is open; numbers, texts, bytes and truths are bound as they are."""
        known = self._fixed if values is None else {**self._fixed, **values}
        return driver_of(connection).execute(self._sql, [known[name] for name in self._names])

    def rows(self, connection: Connection, values: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Run it, and give what it finds by the columns' names."""
        readers: list[tuple[str, Callable[[Any], Any] | None]] = self._readers
        for record in self.run(connection, values):
            pairs = zip(readers, record, strict=True)
            yield {name: value if reader is None else reader(value) for (name, reader), value in pairs}

    def one(self, connection: Connection, values: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Run it, and give the only row that it finds, or None."""
        return next(self.rows(connection, values), None)
