"""Every message that the paper platform received, and what it said to it. Durable, one SQLite file, no tokens."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, and_, create_engine, event, func, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from engine.errors import StoreError
from engine.paper.entry import Entry, Verdict, entry_of, messages, metadata, placed
from engine.paper.incoming import Incoming
from engine.webhook import number_text

_VERSION = 1


def system_now_ms() -> int:
    """Give the time of this machine in milliseconds UTC."""
    return time.time_ns() // 1_000_000


class Ledger:
    """The one writer of a ledger file; any thread may call. What a method returned is on disk. Errors: StoreError."""

    def __init__(self, path: Path, now_ms: Callable[[], int] = system_now_ms) -> None:
        """Open the file, or make it; a damaged or foreign one is refused. Errors: StoreError."""
        self._path = path
        self._now_ms = now_ms
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the ledger '{path}' cannot be made: {error}") from None
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": 5},
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._check()
            self._write_ahead()
        except StoreError:
            self._engine.dispose()
            raise

    def accept(self, message: Incoming, fields: Mapping[str, object]) -> Entry:
        """Write a valid message down: accepted, or a duplicate where an order was placed under its id before."""
        with self._transaction() as connection:
            first = None if message.action.cancels else _order(connection, message.connector, message.client_order_id)
            reason = "" if first is None else _reason(first, fields)
            return self._write(
                connection,
                connector=message.connector,
                action=str(message.action),
                client_order_id=message.client_order_id,
                fields=dict(fields),
                size_kind=message.size_kind,
                size=None if message.size is None else number_text(message.size),
                verdict=Verdict.ACCEPTED if first is None else Verdict.DUPLICATE,
                reason=reason,
            )

    def reject(self, connector: str, fields: Mapping[str, object], reason: str) -> Entry:
        """Write down a message that was refused; `connector` is "" where it is not known."""
        client_order_id = fields.get("clientOrderId")
        with self._transaction() as connection:
            return self._write(
                connection,
                connector=connector,
                action=str(fields.get("action", "")),
                client_order_id=client_order_id if isinstance(client_order_id, str) else None,
                fields=dict(fields),
                size_kind=None,
                size=None,
                verdict=Verdict.REJECTED,
                reason=reason,
            )

    def after(self, sequence: int, limit: int = 1000) -> list[Entry]:
        """Give at most `limit` entries that came after that number, oldest first; after(0) begins with the first."""
        query = select(messages).where(messages.c.sequence > sequence).order_by(messages.c.sequence).limit(limit)
        with self._transaction() as connection:
            return [entry_of(row) for row in connection.execute(query)]

    def last_sequence(self) -> int:
        """Give the number of the newest entry; 0 where there is none."""
        with self._transaction() as connection:
            return int(connection.execute(select(func.max(messages.c.sequence))).scalar() or 0)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._engine.dispose()

    def _check(self) -> None:
        with self._transaction() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
            if version != _VERSION and (version or tables):
                raise StoreError(f"'{self._path}' is no ledger of this version; give another file")
            damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                raise StoreError(f"the ledger '{self._path}' is damaged ({damage}); put it aside and give another file")
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")

    def _write_ahead(self) -> None:
        """Switch the journal, which no transaction may do, and nobody before the file is known to be ours."""
        with self._usable():
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()

    def _write(self, connection: Connection, **values: object) -> Entry:
        row = {"time_ms": self._now_ms(), **values}
        stored = {**row, "fields": json.dumps(row["fields"])}
        result = connection.execute(insert(messages).values(**stored).returning(messages))
        return entry_of(result.one())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock, self._usable(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"the ledger '{self._path}' cannot be used: {cause}") from None


def _order(connection: Connection, connector: str, client_order_id: str | None) -> Entry | None:
    """The order that was placed under this id, if one was."""
    if client_order_id is None:
        return None
    same = and_(messages.c.connector == connector, messages.c.client_order_id == client_order_id)
    row = connection.execute(select(messages).where(placed, same)).one_or_none()
    return None if row is None else entry_of(row)


def _reason(first: Entry, fields: Mapping[str, object]) -> str:
    names = sorted({*first.fields, *fields})
    differing = [name for name in names if first.fields.get(name) != fields.get(name)]
    difference = f", but with another {', '.join(differing)}" if differing else ""
    return f"clientOrderId was used by message {first.sequence}{difference}"


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # or sqlite3 would begin transactions by its own guess
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
