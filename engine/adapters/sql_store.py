"""The engine's durable state in SQL: routes, outbox and attempts; one writer, any number of readers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, select, update
from sqlalchemy import Row as Record
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from engine.adapters.clocks import SystemClock
from engine.adapters.sql_file import create_if_missing, failure, open_state, state_path
from engine.adapters.sql_lock import WriterLock
from engine.adapters.sql_tables import ATTEMPTS, OUTBOX, ROUTES
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.errors import StoreError
from engine.ports import Attempt, Clock, RouteRecord

_UNRESOLVED = [str(state) for state in RowState if not state.final]


class SqlStore:
    """engine.ports.Store on a SQLite file. Every method is one transaction, on the disk when it returns.

    Any thread may call it. After one failed transaction it refuses all others: what the disk holds is then known
    only by starting again. Errors: StoreError; RefusedError where another engine runs on the same state.
    """

    def __init__(self, url_or_path: str | Path, *, clock: Clock | None = None, read_only: bool = False) -> None:
        """Open the state, making it (and its folder) where there is none; read-only: without a lock, beside an engine.

        `clock` dates the rows that are written, for people.
        """
        self.path = state_path(url_or_path)
        self._clock = clock or SystemClock()
        self._mutex = threading.Lock()
        self._failure = ""
        self._writer: WriterLock | None = None
        if read_only:
            self._connection = open_state(self.path, write=False)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failure(self.path, error) from None
        self._writer = WriterLock(self.path)
        try:
            create_if_missing(self.path)
            self._connection = open_state(self.path, write=True)
        except StoreError:
            self._writer.release()
            raise

    @classmethod
    def open_readonly(cls, url_or_path: str | Path) -> Self:
        """Open a state to look at it, also while an engine runs on it; every change is a StoreError."""
        return cls(url_or_path, read_only=True)

    def route(self, route: str) -> RouteRecord | None:
        """Give what was kept of a route."""
        with self._transaction() as connection:
            found = connection.execute(select(ROUTES).where(ROUTES.c.route == route)).one_or_none()
        return RouteRecord(found.route, found.watermark_ms, found.state, found.rule_sha256) if found else None

    def commit_bar(self, record: RouteRecord, rows: Sequence[Row]) -> None:
        """Keep a processed bar, all or nothing. A client order id that is there already is not written again."""
        kept = {"watermark_ms": record.watermark_ms, "state": record.state, "rule_sha256": record.rule_sha256}
        now_ms = self._clock.now_ms()
        with self._transaction() as connection:
            connection.execute(
                insert(ROUTES).values(route=record.route, **kept).on_conflict_do_update(["route"], set_=kept)
            )
            for row in rows:
                new = {name: getattr(row, name) for name in Row.__dataclass_fields__ if name != "seq"}
                new |= {"intent": str(row.intent), "state": str(row.state), "created_ms": now_ms, "changed_ms": now_ms}
                connection.execute(insert(OUTBOX).values(new).on_conflict_do_nothing(["client_order_id"]))

    def unresolved(self, connector: str | None = None) -> list[Row]:
        """Give the rows that are not final, in order of decision; of one connector or of all."""
        query = select(OUTBOX).where(OUTBOX.c.state.in_(_UNRESOLVED)).order_by(OUTBOX.c.seq)
        if connector is not None:
            query = query.where(OUTBOX.c.connector == connector)
        with self._transaction() as connection:
            return [_row(record) for record in connection.execute(query)]

    def last_open(self, route: str) -> Row | None:
        """Give the newest opening message of a route."""
        openings = (OUTBOX.c.route == route) & (OUTBOX.c.intent == str(Intent.OPEN))
        with self._transaction() as connection:
            found = connection.execute(select(OUTBOX).where(openings).order_by(OUTBOX.c.seq.desc()).limit(1)).first()
        return _row(found) if found else None

    def begin_attempt(self, row: Row, now_ms: int) -> Row | None:
        """Mark the row SENDING, count the attempt, and give it as it now is; None where another changed it since."""
        with self._transaction() as connection:
            sending = {"state": RowState.SENDING, "attempts": OUTBOX.c.attempts + 1, "changed_ms": now_ms}
            changed = self._change(connection, row, sending)
            if changed is not None:
                connection.execute(insert(ATTEMPTS).values(seq=row.seq, started_ms=now_ms, phase="", detail=""))
        return changed

    def end_attempt(self, row: Row, step: Step, exchange: Exchange | None, now_ms: int) -> None:
        """Write down what came of an attempt, and the state that follows."""
        known = exchange or Exchange(Phase.MAYBE_SENT, "the engine ended during this attempt")
        facts = {"ended_ms": now_ms, "phase": str(known.phase), "status": known.status, "detail": known.detail}
        new = {
            "state": step.state,
            "next_try_ms": step.next_try_ms,
            "maybe_arrived": step.maybe_arrived,
            "detail": known.detail,
            "changed_ms": now_ms,
        }
        with self._transaction() as connection:
            if self._change(connection, row, new) is None:
                raise StoreError(f"{self.path}: message {row.seq} changed while it was being sent; start again")
            connection.execute(
                update(ATTEMPTS).where(ATTEMPTS.c.seq == row.seq, ATTEMPTS.c.ended_ms.is_(None)).values(facts)
            )

    def resolve(self, row: Row, state: RowState, detail: str, now_ms: int) -> bool:
        """Give a row another state without an attempt, with the reason; False where another changed it since."""
        with self._transaction() as connection:
            new = {"state": state, "detail": detail, "changed_ms": now_ms}
            return self._change(connection, row, new) is not None

    def attempts(self, row: Row) -> list[Attempt]:
        """Give every attempt to deliver a row, oldest first."""
        query = select(ATTEMPTS).where(ATTEMPTS.c.seq == row.seq).order_by(ATTEMPTS.c.id)
        with self._transaction() as connection:
            return [
                Attempt(r.seq, r.started_ms, r.ended_ms, r.phase, r.status, r.detail) for r in connection.execute(query)
            ]

    def rows(self, limit: int = 100) -> list[Row]:
        """Give the newest rows, newest last."""
        with self._transaction() as connection:
            newest = connection.execute(select(OUTBOX).order_by(OUTBOX.c.seq.desc()).limit(limit))
            return [_row(record) for record in newest][::-1]

    def close(self) -> None:
        """Let go of the database and of the lock; closing twice is closing once."""
        with self._mutex:
            if not self._connection.closed:
                self._connection.close()
                if self._writer is not None:
                    self._writer.release()

    def _change(self, connection: Connection, row: Row, new: Mapping[str, object]) -> Row | None:
        same = (OUTBOX.c.seq == row.seq) & (OUTBOX.c.state == str(row.state))
        values = {name: str(value) if isinstance(value, RowState) else value for name, value in new.items()}
        found = connection.execute(update(OUTBOX).where(same).values(values).returning(*OUTBOX.c)).one_or_none()
        return None if found is None else _row(found)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._mutex:
            if self._failure:
                raise StoreError(self._failure)
            if self._connection.closed:
                raise StoreError(f"{self.path}: the state is closed")
            try:
                with self._connection.begin():
                    yield self._connection
            except SQLAlchemyError as error:
                self._failure = str(failure(self.path, error))
                raise StoreError(self._failure) from None


def _row(record: Record[*tuple[object, ...]]) -> Row:
    values = {name: getattr(record, name) for name in Row.__dataclass_fields__}
    return Row(**values | {"intent": Intent(record.intent), "state": RowState(record.state)})
