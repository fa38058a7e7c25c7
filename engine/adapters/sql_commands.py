"""The operator's commands in SQL: asked by one process, carried out by the one that runs the engine."""

from __future__ import annotations

from sqlalchemy import select

from engine.adapters.sql_outbox import UNRESOLVED
from engine.adapters.sql_rows import (
    add_command,
    add_resolution,
    add_row,
    change_row,
    changed_by,
    finish_command,
    read_commands,
    read_rows,
    read_stop,
)
from engine.adapters.sql_state import SqlState
from engine.adapters.sql_tables import COMMANDS, OUTBOX
from engine.delivery import Carried, Command, Refused, Row


class SqlCommands(SqlState):
    """The commands of a state."""

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
        concerned = UNRESOLVED | OUTBOX.c.client_order_id.in_(ids)
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
                    if change_row(connection, change.row, changed_by(change.step, change.reason, now_ms)) is None:
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

    def entries_stopped(self) -> Command | None:
        """Give the operator's word by which no entry is sent, from its asking on; None while entries are allowed."""
        with self._reading() as connection:
            return read_stop(connection)


class _ChangedSinceError(Exception):
    """Rolls a transaction back."""
