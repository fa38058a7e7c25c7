"""The outbox in SQL: messages, what came of each attempt, and what changed them besides."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from sqlalchemy import bindparam, false, func, insert, or_, select, update

from engine.adapters.sql_rows import add_resolution, change_row, changed_by, read_rows
from engine.adapters.sql_state import SqlState
from engine.adapters.sql_statement import Statement
from engine.adapters.sql_tables import ATTEMPTS, OUTBOX, RESOLUTIONS
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.errors import StoreError
from engine.ports import Attempt, Resolution

UNRESOLVED = or_(*(OUTBOX.c.state == str(state) for state in RowState if not state.final))
_ALL_UNRESOLVED = Statement(select(OUTBOX).where(UNRESOLVED).order_by(OUTBOX.c.seq))
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
    select(OUTBOX).where(UNRESOLVED, OUTBOX.c.connector == bindparam("of_connector")).order_by(OUTBOX.c.seq)
)
_BEGIN = Statement(
    insert(ATTEMPTS).values(seq=bindparam("seq"), started_ms=bindparam("started_ms"), phase="", detail="")
)
_END = Statement(
    update(ATTEMPTS)
    .where(ATTEMPTS.c.seq == bindparam("of_seq"), ATTEMPTS.c.ended_ms.is_(None))
    .values({name: bindparam(f"new_{name}") for name in ("ended_ms", "phase", "status", "detail")})
)


class SqlOutbox(SqlState):
    """The messages of a state."""

    def unresolved(self, connector: str | None = None) -> list[Row]:
        """Give the rows that are not final, in order of decision; of one connector or of all."""
        with self._reading() as connection:
            if connector is None:
                return read_rows(connection, _ALL_UNRESOLVED)
            return read_rows(connection, _UNRESOLVED_OF, {"of_connector": connector})

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
            if change_row(connection, row, changed_by(step, known.detail, now_ms)) is None:
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

    def rows(self, limit: int = 100) -> list[Row]:
        """Give the newest rows, newest last."""
        with self._reading() as connection:
            return read_rows(connection, select(OUTBOX).order_by(OUTBOX.c.seq.desc()).limit(limit))[::-1]

    def row(self, seq: int) -> Row | None:
        """Give a row by its number."""
        with self._reading() as connection:
            found = read_rows(connection, select(OUTBOX).where(OUTBOX.c.seq == seq))
        return found[0] if found else None

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


def _rules_opening(row: Row) -> bool:
    return row.intent is Intent.OPEN and not row.by_hand and row.state is not RowState.REFUSED
