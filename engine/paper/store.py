"""The platform's ledger in one SQLite file: messages, accounts, orders, fills. Durable, without tokens."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, event, func, select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.sql import ColumnElement

from engine.adapters.sql_lock import WriterLock
from engine.errors import StoreError
from engine.paper.tables import VERSION, metadata, placed_once, still_waiting

Row = Mapping[str, Any]


class Store:
    """The one writer of a ledger file, and its readers; any thread may call. Errors of all methods: StoreError."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; a damaged or foreign one is refused. Errors: StoreError, RefusedError."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the ledger '{path}' cannot be made: {error}") from None
        self._lock = WriterLock(path)
        self._mutex = threading.Lock()
        self._writer = _engine(path, poolclass=StaticPool)
        event.listen(self._writer, "begin", _begin)
        self._readers = _engine(path, poolclass=QueuePool, pool_size=2, max_overflow=0)
        try:
            self._check()
            self._write_ahead()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write; all of it is on the disk when the block has ended, or nothing."""
        with self._mutex, self.usable(), self._writer.begin() as connection:
            yield connection

    def read(
        self, table: Table, where: Sequence[ColumnElement[bool]] = (), order: str = "", limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Give rows as they were last committed, by a column if one is named ("-number": the highest first)."""
        query = select(table).where(*where)
        if order:
            column = table.c[order.removeprefix("-")]
            query = query.order_by(column.desc() if order.startswith("-") else column)
        with self.usable(), self._readers.connect() as connection:
            return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]

    def last(self, column: ColumnElement[Any]) -> int:
        """Give the highest number in a column; 0 where there is none."""
        with self.usable(), self._readers.connect() as connection:
            return int(connection.execute(select(func.max(column))).scalar() or 0)

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            self._writer.dispose()
            self._readers.dispose()
            if self._lock is not None:
                self._lock.release()
                self._lock = None  # type: ignore[assignment]  # closed for good

    @contextmanager
    def usable(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"the ledger '{self._path}' cannot be used: {cause}") from None

    def _check(self) -> None:
        with self.transaction() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
            found = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
            if version not in (1, VERSION) and (version or found):
                raise StoreError(f"'{self._path}' is no ledger of this version; give another file")
            damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                raise StoreError(f"the ledger '{self._path}' is damaged ({damage}); put it aside and give another file")
            if version == 1:
                _from_messages_only(connection)
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")

    def _write_ahead(self) -> None:
        """Switch the journal, which no transaction may do, and nobody before the file is known to be ours."""
        with self.usable():
            raw = self._writer.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()


def _from_messages_only(connection: Connection) -> None:
    """Take the ledger of a version that kept messages and no accounts: they were carried out by nobody."""
    connection.exec_driver_sql("ALTER TABLE messages ADD COLUMN acts_ms INTEGER")
    connection.exec_driver_sql("ALTER TABLE messages ADD COLUMN became VARCHAR")
    old = "UPDATE messages SET became = 'nothing: the platform had no accounts then' WHERE verdict = 'accepted'"
    connection.exec_driver_sql(old)
    for index in (placed_once, still_waiting):
        index.create(connection, checkfirst=True)


def _engine(path: Path, **pool: Any) -> Engine:
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": 5},
        hide_parameters=True,
        **pool,
    )
    event.listen(made, "connect", _prepare)
    return made


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # or sqlite3 would begin transactions by its own guess
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
