"""The engine's durable state in SQL: routes, journal, outbox and commands; one engine writes, others look and ask."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from engine.adapters.sql_commands import SqlCommands
from engine.adapters.sql_journal import (
    add_entry,
    add_mark,
    forget_before,
    newest_mark,
    pack_one,
    read_entries,
    read_marks,
)
from engine.adapters.sql_outbox import SqlOutbox
from engine.adapters.sql_rows import add_row, forget_rows
from engine.adapters.sql_seal import check_seal, seal
from engine.adapters.sql_statement import Statement
from engine.adapters.sql_tables import ROUTES
from engine.delivery import Row
from engine.ports import JournalEntry, JournalMark, RouteRecord

_ROUTE = Statement(select(ROUTES).where(ROUTES.c.route == bindparam("of_route")))
_ADD_ROUTE = insert_or(ROUTES).values({column.name: bindparam(column.name) for column in ROUTES.columns})
_REPLACED = {name: _ADD_ROUTE.excluded[name] for name in ("watermark_ms", "state", "rule_sha256", "seal")}
_KEEP = Statement(_ADD_ROUTE.on_conflict_do_update(["route"], set_=_REPLACED))


class SqlStore(SqlOutbox, SqlCommands):
    """engine.ports.Store on a SQLite file."""

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
