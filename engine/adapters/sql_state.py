"""The engine's durable state as a SQLite file: who may open it, and how its transactions begin, end and fail."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Integer, Text, cast, update

from engine.adapters.clocks import SystemClock
from engine.adapters.sql_copy import copy_whole
from engine.adapters.sql_file import (
    COMMITS_KEY,
    FAILURES,
    Access,
    create_if_missing,
    failure,
    open_state,
    state_path,
)
from engine.adapters.sql_guard import FileGuard, Mark
from engine.adapters.sql_lock import WriterLock
from engine.adapters.sql_statement import Statement, transaction
from engine.adapters.sql_tables import META
from engine.errors import RefusedError, StoreError
from engine.ports import Clock

_COUNT = Statement(
    update(META)
    .where(META.c.key == COMMITS_KEY)
    .values(value=cast(cast(META.c.value, Integer) + 1, Text))
    .returning(META.c.value)
)


class SqlState:
    """A state that is open. Any thread may use it; every method is one transaction, on the disk when it returns.

    After one failed transaction it refuses all others: what the disk holds is then known only by starting again.
    Errors: StoreError; RefusedError where another engine runs on the same state.
    """

    def __init__(self, url_or_path: str | Path, *, clock: Clock | None = None, access: Access = Access.ENGINE) -> None:
        """Open the state; for the engine, make it (and its folder) where there is none, and hold its lock.

        `clock` dates the rows that are written, for people.
        """
        self.path = state_path(url_or_path)
        self._access = access
        self._clock = clock or SystemClock()
        self._mutex = threading.Lock()
        self._failure = ""
        self._changes: Counter[str] = Counter()
        self._writer: WriterLock | None = None
        self._mark = Mark(self.path)
        self._guard: FileGuard | None = None
        if access is not Access.ENGINE:
            self._connection = open_state(self.path, access)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failure(self.path, error) from None
        self._writer = WriterLock(self.path)
        try:
            create_if_missing(self.path)
            self._connection = open_state(self.path, access)
            self._guard = FileGuard(self.path)
        except StoreError:
            self._writer.release()
            raise

    @classmethod
    def open_readonly(cls, url_or_path: str | Path) -> Self:
        """Open a state to look at it, also while an engine runs on it; every change is a StoreError."""
        return cls(url_or_path, access=Access.READER)

    def changes(self, route: str) -> int:
        """Give a number that grows with every new or changed row of a route, while this store is open."""
        return self._changes[route]

    def back_up(self, target: Path) -> None:
        """Write a whole, checked copy of the state to a new file, while others go on writing."""
        if target.exists():
            raise RefusedError(f"{target} is there already; name a file that is not")
        with self._mutex:
            try:
                copy_whole(self._connection.connection.driver_connection, target)  # type: ignore[arg-type] # SQLite's
            except FAILURES as error:
                raise failure(target, error) from None

    def close(self) -> None:
        """Let go of the database and of the lock; closing twice is closing once."""
        with self._mutex:
            if not self._connection.closed:
                self._connection.close()
                self._mark.close()
                if self._writer is not None:
                    self._writer.release()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        with self._mutex:
            if self._failure:
                raise StoreError(self._failure)
            if self._connection.closed:
                raise StoreError(f"{self.path}: the state is closed")
            try:
                if self._guard is not None:
                    self._guard.check()
                with transaction(self._connection, writes=writes and self._access is not Access.READER):
                    yield self._connection
                    count = self._count() if writes else None
                self._committed(count)
            except FAILURES as error:
                self._failure = str(self._failed(error))
                raise StoreError(self._failure) from None

    def _count(self) -> int:
        (found,) = _COUNT.rows(self._connection)
        return int(found["value"])

    def _committed(self, count: int | None) -> None:
        if count is not None and self._guard is not None:
            self._mark.write(count)
            self._guard.committed()

    def _failed(self, error: Exception) -> StoreError:
        if isinstance(error, StoreError) and str(self.path) not in str(error):
            return StoreError(f"{self.path}: {error}")
        return failure(self.path, error)
