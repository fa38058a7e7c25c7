"""The engine's durable state in SQL: routes, outbox, attempts and commands; one engine writes, others look and ask."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, Integer, Text, bindparam, cast, false, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

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
from engine.adapters.sql_journal import (
    add_entry,
    add_mark,
    forget_before,
    newest_mark,
    pack_one,
    read_entries,
    read_marks,
)
from engine.adapters.sql_lock import WriterLock
from engine.adapters.sql_rows import (
    add_command,
    add_resolution,
    add_row,
    change_row,
    finish_command,
    forget_rows,
    read_commands,
    read_rows,
    read_stop,
)
from engine.adapters.sql_seal import check_seal, seal
from engine.adapters.sql_statement import Statement, transaction
from engine.adapters.sql_tables import ATTEMPTS, COMMANDS, META, OUTBOX, RESOLUTIONS, ROUTES
from engine.delivery import Carried, Command, Exchange, Intent, Phase, Refused, Row, RowState, Step
from engine.errors import RefusedError, StoreError
from engine.ports import Attempt, Clock, JournalEntry, JournalMark, Resolution, RouteRecord

_UNRESOLVED = or_(*(OUTBOX.c.state == str(state) for state in RowState if not state.final))
_ALL_UNRESOLVED = Statement(select(OUTBOX).where(_UNRESOLVED).order_by(OUTBOX.c.seq))
_OF_BAR = Statement(
    select(OUTBOX)
    .where(OUTBOX.c.route == bindparam("of_route"), OUTBOX.c.bar_ms == bindparam("of_bar"))
    .order_by(OUTBOX.c.seq)
)
_CLOSED_BY_HAND = Statement(
    select(OUTBOX).where(
        OUTBOX.c.route == bindparam("of_route"),
        OUTBOX.c.intent == str(Intent.CLOSE),
        OUTBOX.c.by_hand,
        OUTBOX.c.state != str(RowState.REJECTED),
        OUTBOX.c.state != str(RowState.EXPIRED),
        OUTBOX.c.seq > bindparam("after"),
    )
)
_NEVER_LEFT = or_(*(OUTBOX.c.state == str(state) for state in (RowState.REFUSED, RowState.EXPIRED)))
_LATE = (OUTBOX.c.state == str(RowState.PENDING)) & (OUTBOX.c.deadline_ms < bindparam("now_ms"))
_SINCE = Statement(
    select(func.count().label("messages")).where(
        OUTBOX.c.created_ms > bindparam("since_ms"), ~_NEVER_LEFT, ~func.coalesce(_LATE, false())
    )
)
_UNRESOLVED_OF = Statement(
    select(OUTBOX).where(_UNRESOLVED, OUTBOX.c.connector == bindparam("of_connector")).order_by(OUTBOX.c.seq)
)
_ROUTE = Statement(select(ROUTES).where(ROUTES.c.route == bindparam("of_route")))
_ADD_ROUTE = insert_or(ROUTES).values({column.name: bindparam(column.name) for column in ROUTES.columns})
_REPLACED = {name: _ADD_ROUTE.excluded[name] for name in ("watermark_ms", "state", "rule_sha256", "seal")}
_KEEP = Statement(_ADD_ROUTE.on_conflict_do_update(["route"], set_=_REPLACED))
_BEGIN = Statement(
    insert(ATTEMPTS).values(seq=bindparam("seq"), started_ms=bindparam("started_ms"), phase="", detail="")
)
_END = Statement(
    update(ATTEMPTS)
    .where(ATTEMPTS.c.seq == bindparam("of_seq"), ATTEMPTS.c.ended_ms.is_(None))
    .values({name: bindparam(f"new_{name}") for name in ("ended_ms", "phase", "status", "detail")})
)
_COUNT = Statement(
    update(META)
    .where(META.c.key == COMMITS_KEY)
    .values(value=cast(cast(META.c.value, Integer) + 1, Text))
    .returning(META.c.value)
)


class SqlStore:
    """engine.ports.Store on a SQLite file. Every method is one transaction, on the disk when it returns.

    Any thread may call it. After one failed transaction it refuses all others: what the disk holds is then known
    only by starting again. Errors: StoreError; RefusedError where another engine runs on the same state.
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
    def open_readonly(cls, url_or_path: str | Path) -> SqlStore:
        """Open a state to look at it, also while an engine runs on it; every change is a StoreError."""
        return cls(url_or_path, access=Access.READER)

    def route(self, route: str) -> RouteRecord | None:
        """Give what was kept of a route."""
        with self._reading() as connection:
            found = _ROUTE.one(connection, {"of_route": route})
            if found is not None:
                check_seal(ROUTES, found)
        return RouteRecord(route, found["watermark_ms"], found["state"], found["rule_sha256"]) if found else None

    def routes(self) -> list[RouteRecord]:
        """Give what was kept of all routes, also of those that no config has any more."""
        with self._reading() as connection:
            records = connection.execute(select(ROUTES).order_by(ROUTES.c.route)).mappings().all()
            for record in records:
                check_seal(ROUTES, record)
        return [RouteRecord(r["route"], r["watermark_ms"], r["state"], r["rule_sha256"]) for r in records]

    def commit_bar(
        self,
        record: RouteRecord,
        rows: Sequence[Row],
        entry: JournalEntry | None = None,
        mark: JournalMark | None = None,
    ) -> None:
        """Keep a processed bar, all or nothing. A client order id that is there already is not written again."""
        kept = {"watermark_ms": record.watermark_ms, "state": record.state, "rule_sha256": record.rule_sha256}
        kept["seal"] = seal(ROUTES, {"route": record.route, **kept})
        now_ms = self._clock.now_ms()
        with self._writing() as connection:
            _KEEP.run(connection, {"route": record.route, **kept})
            for row in rows:
                add_row(connection, row, now_ms)
            if mark is not None:
                add_mark(connection, mark)
            if entry is not None:
                add_entry(connection, entry)
        self._changes[record.route] += len(rows)

    def unresolved(self, connector: str | None = None) -> list[Row]:
        """Give the rows that are not final, in order of decision; of one connector or of all."""
        with self._reading() as connection:
            if connector is None:
                return read_rows(connection, _ALL_UNRESOLVED)
            return read_rows(connection, _UNRESOLVED_OF, {"of_connector": connector})

    def changes(self, route: str) -> int:
        """Give a number that grows with every new or changed row of a route, while this store is open."""
        return self._changes[route]

    def openings(self, route: str, bars_ms: Sequence[int]) -> list[Row]:
        """Give the opening messages that a route's rule decided on those bars, and that no limit refused."""
        with self._reading() as connection:
            found = [read_rows(connection, _OF_BAR, {"of_route": route, "of_bar": bar_ms}) for bar_ms in bars_ms]
        return sorted(filter(_rules_opening, chain.from_iterable(found)), key=lambda row: row.seq)

    def closed_by_hand(self, route: str, after: Row) -> list[Row]:
        """Give the full closes of a route that a person sent after a row, and that were not refused."""
        with self._reading() as connection:
            return read_rows(connection, _CLOSED_BY_HAND, {"of_route": route, "after": after.seq})

    def messages_since(self, since_ms: int, now_ms: int) -> int:
        """Count the messages written since then that left or still may: none that was REFUSED or is past its time."""
        with self._reading() as connection:
            (found,) = _SINCE.rows(connection, {"since_ms": since_ms, "now_ms": now_ms})
        return int(found["messages"])

    def entries_stopped(self) -> Command | None:
        """Give the operator's word by which no entry is sent, from its asking on; None while entries are allowed."""
        with self._reading() as connection:
            return read_stop(connection)

    def begin_attempt(self, row: Row, now_ms: int) -> Row | None:
        """Mark the row SENDING, count the attempt, and give it as it now is; None where another changed it since."""
        with self._writing() as connection:
            sending = {"state": RowState.SENDING, "attempts": row.attempts + 1, "changed_ms": now_ms}
            changed = change_row(connection, row, sending)
            if changed is not None:
                _BEGIN.run(connection, {"seq": row.seq, "started_ms": now_ms})
        self._changes[row.route] += 1
        return changed

    def end_attempt(self, row: Row, step: Step, exchange: Exchange | None, now_ms: int) -> None:
        """Write down what came of an attempt, and the state that follows."""
        known = exchange or Exchange(Phase.MAYBE_SENT, "the engine ended during this attempt")
        facts = {"ended_ms": now_ms, "phase": str(known.phase), "status": known.status, "detail": known.detail}
        with self._writing() as connection:
            if change_row(connection, row, _after(step, known.detail, now_ms)) is None:
                raise StoreError(f"{self.path}: message {row.seq} changed while it was being sent; start again")
            _END.run(connection, {"of_seq": row.seq} | {f"new_{name}": value for name, value in facts.items()})
        self._changes[row.route] += 1

    def resolve(self, row: Row, state: RowState, detail: str, now_ms: int) -> bool:
        """Give a row another state without an attempt, with the reason; False where another changed it since."""
        with self._writing() as connection:
            new = {"state": state, "detail": detail, "changed_ms": now_ms}
            changed = change_row(connection, row, new) is not None
            if changed:
                add_resolution(connection, row, state, detail, now_ms)
        self._changes[row.route] += 1
        return changed

    def ask(self, command: Command) -> int:
        """Write down what the operator asks for; gives the command's number."""
        with self._writing() as connection:
            return add_command(connection, command)

    def asked(self) -> list[Command]:
        """Give the operator's commands that nobody has looked at, oldest first."""
        with self._reading() as connection:
            return read_commands(connection)

    def known(self, command: Command) -> list[Row]:
        """Give what `carry_out` has to know of the outbox for a command."""
        ids = [row.client_order_id for row in command.rows]
        concerned = _UNRESOLVED | OUTBOX.c.client_order_id.in_(ids)
        if command.seq is not None:
            its = select(OUTBOX.c.connector).where(OUTBOX.c.seq == command.seq).scalar_subquery()
            concerned = (OUTBOX.c.seq >= command.seq) & (OUTBOX.c.connector == its)
        with self._reading() as connection:
            return read_rows(connection, select(OUTBOX).where(concerned).order_by(OUTBOX.c.seq))

    def finish(self, command: Command, verdict: Carried | Refused, now_ms: int) -> list[Row] | None:
        """Do what was found to follow from a command, and mark it done, all or nothing."""
        refused = verdict.reason if isinstance(verdict, Refused) else None
        changes, rows = ((), ()) if isinstance(verdict, Refused) else (verdict.changes, verdict.rows)
        seqs: list[int] = []
        try:
            with self._writing() as connection:
                if not finish_command(connection, command.number, refused, now_ms):
                    raise _ChangedSinceError
                for change in changes:
                    if change_row(connection, change.row, _after(change.step, change.reason, now_ms)) is None:
                        raise _ChangedSinceError
                    reason, number = change.reason, command.number
                    add_resolution(connection, change.row, change.step.state, reason, now_ms, number)
                for row in rows:
                    if (seq := add_row(connection, row, now_ms)) is None:
                        raise _ChangedSinceError
                    seqs.append(seq)
                new = read_rows(connection, select(OUTBOX).where(OUTBOX.c.seq.in_(seqs)).order_by(OUTBOX.c.seq))
        except _ChangedSinceError:
            return None
        self._changes.update([change.row.route for change in changes] + [row.route for row in rows])
        return new

    def answer(self, number: int) -> str | None:
        """Give why a command was refused, nothing where it was done; None while nobody has looked at it."""
        with self._reading() as connection:
            found = connection.execute(select(COMMANDS).where(COMMANDS.c.number == number)).one()
        return None if found.done_ms is None else found.refused or ""

    def attempts(self, row: Row) -> list[Attempt]:
        """Give every attempt to deliver a row, oldest first."""
        query = select(ATTEMPTS).where(ATTEMPTS.c.seq == row.seq).order_by(ATTEMPTS.c.id)
        with self._reading() as connection:
            return [
                Attempt(r.seq, r.started_ms, r.ended_ms, r.phase, r.status, r.detail) for r in connection.execute(query)
            ]

    def resolutions(self, row: Row) -> list[Resolution]:
        """Give every change of a row that was no attempt, oldest first."""
        query = select(RESOLUTIONS).where(RESOLUTIONS.c.seq == row.seq).order_by(RESOLUTIONS.c.id)
        with self._reading() as connection:
            return [
                Resolution(r.seq, r.at_ms, RowState(r.state), r.reason, r.command) for r in connection.execute(query)
            ]

    def rows(self, limit: int = 100) -> list[Row]:
        """Give the newest rows, newest last."""
        with self._reading() as connection:
            return read_rows(connection, select(OUTBOX).order_by(OUTBOX.c.seq.desc()).limit(limit))[::-1]

    def row(self, seq: int) -> Row | None:
        """Give a row by its number."""
        with self._reading() as connection:
            found = read_rows(connection, select(OUTBOX).where(OUTBOX.c.seq == seq))
        return found[0] if found else None

    def journal(self, route: str, since_ms: int, until_ms: int) -> list[JournalEntry]:
        """Give what was written of the bars that open from `since_ms` to before `until_ms`, oldest first."""
        with self._reading() as connection:
            return read_entries(connection, route, since_ms, until_ms)

    def marks(self, route: str) -> list[JournalMark]:
        """Give the places that a route's journal can be replayed from, oldest first."""
        with self._reading() as connection:
            return read_marks(connection, route)

    def newest_mark(self, route: str) -> JournalMark | None:
        """Give the last of them."""
        with self._reading() as connection:
            return newest_mark(connection, route)

    def tidy_journal(self, route: str, forget_before_ms: int) -> bool:
        """Pack a stretch of a route's journal, or else drop what is older, final messages too.

        Gives whether there may be more to pack.
        """
        with self._writing() as connection:
            if pack_one(connection, route):
                return True
            if (last_ms := forget_before(connection, route, forget_before_ms)) is not None:
                forget_rows(connection, route, last_ms, forget_before_ms)
            return False

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


class _ChangedSinceError(Exception):
    """Rolls a transaction back."""


def _rules_opening(row: Row) -> bool:
    return row.intent is Intent.OPEN and not row.by_hand and row.state is not RowState.REFUSED


def _after(step: Step, detail: str, now_ms: int) -> dict[str, object]:
    new = {
        "state": step.state,
        "next_try_ms": step.next_try_ms,
        "maybe_arrived": step.maybe_arrived,
        "detail": detail,
        "changed_ms": now_ms,
    }
    return new if step.deadline_ms is None else new | {"deadline_ms": step.deadline_ms}
