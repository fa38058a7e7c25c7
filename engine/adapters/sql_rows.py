"""Rows of the outbox and commands as the tables have them, sealed when written and checked when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from engine.adapters.sql_seal import check_seal, seal
from engine.adapters.sql_statement import Statement
from engine.adapters.sql_tables import ATTEMPTS, COMMANDS, OUTBOX, RESOLUTIONS
from engine.delivery import Command, Intent, Row, RowState, Step, Word

_FIELDS = tuple(Row.__dataclass_fields__)

_ADD = Statement(
    insert_or(OUTBOX)
    .values({column.name: bindparam(column.name) for column in OUTBOX.columns if column.name not in ("seq", "seal")})
    .on_conflict_do_nothing(["client_order_id"])
    .returning(OUTBOX.c.seq)
)
_SEAL = Statement(update(OUTBOX).where(OUTBOX.c.seq == bindparam("of_seq")).values(seal=bindparam("new_seal")))
_IN_STATE = Statement(
    select(OUTBOX).where((OUTBOX.c.seq == bindparam("of_seq")) & (OUTBOX.c.state == bindparam("in_state")))
)
_CHANGEABLE = ("state", "deadline_ms", "attempts", "next_try_ms", "detail", "maybe_arrived", "changed_ms", "seal")
_CHANGE = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.seq == bindparam("of_seq"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_OLD = and_(
    OUTBOX.c.route == bindparam("of_route"),
    OUTBOX.c.bar_ms <= bindparam("last_ms"),
    OUTBOX.c.changed_ms < bindparam("before_ms"),
    *(OUTBOX.c.state != str(state) for state in RowState if not state.final),
)
_OF_OLD = select(OUTBOX.c.seq).where(_OLD)
_FORGET = [Statement(delete(table).where(table.c.seq.in_(_OF_OLD))) for table in (ATTEMPTS, RESOLUTIONS)]
_FORGET.append(Statement(delete(OUTBOX).where(_OLD)))
_CARRIED = COMMANDS.c.done_ms.is_not(None) & COMMANDS.c.refused.is_(None)
_WORD_ABOUT_ENTRIES = Statement(
    select(COMMANDS)
    .where((COMMANDS.c.word == str(Word.STOP_ENTRIES)) | ((COMMANDS.c.word == str(Word.ALLOW_ENTRIES)) & _CARRIED))
    .order_by(COMMANDS.c.number.desc())
    .limit(1)
)


def read_rows(
    connection: Connection, query: Statement | Select[Any], values: Mapping[str, object] | None = None
) -> list[Row]:
    """Give the rows of a query over whole outbox rows. Errors: StoreError where one is damaged."""
    whole = query.rows(connection, values) if isinstance(query, Statement) else connection.execute(query).mappings()
    found = []
    for record in whole:
        check_seal(OUTBOX, record)
        found.append(_row(record))
    return found


def add_row(connection: Connection, row: Row, now_ms: int) -> int | None:
    """Write a new row; gives its number, None where its client order id is there already."""
    values = _values(row) | {"created_ms": now_ms, "changed_ms": now_ms}
    added = _ADD.one(connection, values)
    seq: int | None = None if added is None else added["seq"]
    if seq is not None:
        _seal(connection, seq, values | {"seq": seq})
    return seq


def change_row(connection: Connection, row: Row, new: Mapping[str, object]) -> Row | None:
    """Change a row that is still in the state it was read in, and give it as it now is; None where it is not."""
    there = _IN_STATE.one(connection, {"of_seq": row.seq, "in_state": str(row.state)})
    if there is None:
        return None
    check_seal(OUTBOX, there)
    values = {**there, **new}
    values |= {"state": str(values["state"])}
    values |= {"seal": seal(OUTBOX, values)}
    _CHANGE.run(connection, {"of_seq": row.seq} | {f"new_{name}": values[name] for name in _CHANGEABLE})
    return _row(values)


def forget_rows(connection: Connection, route: str, last_ms: int, before_ms: int) -> None:
    """Drop the messages of a route's bars up to that one, with all that was tried.

    Those that are not final stay, and those that changed since `before_ms`: of a bar that was caught up on late.
    """
    old = {"of_route": route, "last_ms": last_ms, "before_ms": before_ms}
    for forget in _FORGET:
        forget.run(connection, old)


def add_resolution(
    connection: Connection, row: Row, state: RowState, reason: str, at_ms: int, command: int | None = None
) -> None:
    """Write down a change that was no attempt."""
    connection.execute(
        insert(RESOLUTIONS).values(seq=row.seq, at_ms=at_ms, state=str(state), reason=reason, command=command)
    )


def add_command(connection: Connection, command: Command) -> int:
    """Write a command down; gives its number."""
    values: dict[str, object] = {
        "word": str(command.word),
        "asked_ms": command.asked_ms,
        "seq": command.seq,
        "rows": json.dumps([asdict(row) for row in command.rows], ensure_ascii=False),
        "reason": command.reason,
        "done_ms": None,
        "refused": None,
    }
    number: int = connection.execute(
        insert(COMMANDS).values(**values, seal="").returning(COMMANDS.c.number)
    ).scalar_one()
    sealed = seal(COMMANDS, values | {"number": number})
    connection.execute(update(COMMANDS).where(COMMANDS.c.number == number).values(seal=sealed))
    return number


def read_commands(connection: Connection) -> list[Command]:
    """Give the commands that nobody has looked at, oldest first. Errors: StoreError where one is damaged."""
    query = select(COMMANDS).where(COMMANDS.c.done_ms.is_(None)).order_by(COMMANDS.c.number)
    return [_command(record) for record in connection.execute(query).mappings()]


def read_stop(connection: Connection) -> Command | None:
    """Give the newest word about entries, where it is to stop them. Errors: StoreError where it is damaged."""
    found = _WORD_ABOUT_ENTRIES.one(connection)
    command = None if found is None else _command(found)
    return command if command is not None and command.word is Word.STOP_ENTRIES else None


def _command(record: Mapping[Any, Any]) -> Command:
    check_seal(COMMANDS, record)
    rows = tuple(_row(values) for values in json.loads(record["rows"]))
    word, number = Word(record["word"]), record["number"]
    return Command(word, record["asked_ms"], record["seq"], rows, record["reason"], number)


def finish_command(connection: Connection, number: int, refused: str | None, now_ms: int) -> bool:
    """Mark a command as done or refused; False where it is already."""
    query = select(COMMANDS).where((COMMANDS.c.number == number) & COMMANDS.c.done_ms.is_(None))
    there = connection.execute(query).mappings().one_or_none()
    if there is None:
        return False
    done = {"done_ms": now_ms, "refused": refused}
    sealed = seal(COMMANDS, {**there, **done})
    connection.execute(update(COMMANDS).where(COMMANDS.c.number == number).values(**done, seal=sealed))
    return True


def _seal(connection: Connection, seq: int, values: Mapping[str, object]) -> None:
    _SEAL.run(connection, {"of_seq": seq, "new_seal": seal(OUTBOX, values)})


def _values(row: Row) -> dict[str, object]:
    values = {name: getattr(row, name) for name in _FIELDS if name != "seq"}
    return values | {"intent": str(row.intent), "state": str(row.state)}


def _row(values: Mapping[Any, Any]) -> Row:
    known = {name: values[name] for name in _FIELDS}
    return Row(**known | {"intent": Intent(values["intent"]), "state": RowState(values["state"])})


def changed_by(step: Step, detail: str, now_ms: int) -> dict[str, object]:
    """Give what a step changes of a row."""
    new = {
        "state": step.state,
        "next_try_ms": step.next_try_ms,
        "maybe_arrived": step.maybe_arrived,
        "detail": detail,
        "changed_ms": now_ms,
    }
    return new if step.deadline_ms is None else new | {"deadline_ms": step.deadline_ms}
