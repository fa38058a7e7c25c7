"""What the operator may ask for, and what follows from it. Pure: what is known of the outbox is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.delivery.intent import Intent
from engine.delivery.policy import Step, ended
from engine.delivery.row import Row, RowState

LIFETIME_MS = 60_000
"""After this a command is refused instead of carried out: what was meant for one moment must not happen in another."""


class Word(StrEnum):
    """What the operator says."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not-arrived"
    RESEND = "resend"
    SEND = "send"
    CANCEL_ALL = "cancel-all"
    FLATTEN = "flatten"
    STOP_ENTRIES = "stop-entries"
    ALLOW_ENTRIES = "allow-entries"


@dataclass(frozen=True, slots=True)
class Command:
    """A word of the operator's: about message `seq`, or with messages to send (`rows`). `asked_ms` is ms UTC."""

    word: Word
    asked_ms: int
    seq: int | None = None
    rows: tuple[Row, ...] = ()
    reason: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A row that goes to another state without an attempt, and why."""

    row: Row
    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is done, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What is done, all or nothing: `changes` to rows that are there, then `rows` that are new."""

    changes: tuple[Change, ...] = ()
    rows: tuple[Row, ...] = ()


def carry_out(command: Command, known: Sequence[Row], now_ms: int) -> Carried | Refused:
    """Give what follows from a command.

    `known` are rows in the order they were decided: for a word about a message that one and all after it on its
    connector; else at least the unresolved ones, and those that have the id of a row to send.
    """
    if command.word is Word.STOP_ENTRIES:  # however old: to stop is never wrong
        why = _because("the operator says to stop entries", command)
        waiting = [row for row in known if row.intent is Intent.OPEN and row.state is RowState.PENDING]
        return Carried(tuple(Change(row, ended(row), why) for row in waiting if not row.by_hand))
    if abs(now_ms - command.asked_ms) > LIFETIME_MS:  # a little before it was asked: the clock was set
        age_s = round((now_ms - command.asked_ms) / 1000)
        return Refused(f"it was asked {age_s} s ago and is too old; nothing was done, so say it again")
    if command.word is Word.ALLOW_ENTRIES:
        return Carried()
    if command.seq is None:
        return _send(command, known)
    row = next((row for row in known if row.seq == command.seq), None)
    if row is None:
        return Refused(f"there is no message {command.seq}")
    if command.word is Word.RESEND:
        return _resend(command, row, [other for other in known if other.seq > row.seq], now_ms)
    return _settle(command, row)


def _settle(command: Command, row: Row) -> Carried | Refused:
    arrived = command.word is Word.ARRIVED
    retried = row.state is RowState.PENDING and row.maybe_arrived  # it would be sent again and again
    if not (row.state is RowState.UNKNOWN or (arrived and retried)):
        return Refused(f"message {row.seq} is {row.state}, not UNKNOWN: there is no doubt to settle")
    state = RowState.ACKNOWLEDGED if arrived else RowState.REJECTED
    said = "the operator says that it arrived" if arrived else "the operator says that it did not arrive"
    return Carried((Change(row, Step(state, maybe_arrived=arrived), _because(said, command)),))


def _resend(command: Command, row: Row, later: Sequence[Row], now_ms: int) -> Carried | Refused:
    if row.state in (RowState.PENDING, RowState.SENDING):
        return Refused(f"message {row.seq} is {row.state}: it is being delivered already")
    if row.state is RowState.ACKNOWLEDGED:
        return Refused(f"message {row.seq} is ACKNOWLEDGED: it arrived; to place another order, send a new message")
    if row.intent is Intent.OPEN and row.state is not RowState.UNKNOWN:
        return Refused(f"message {row.seq} is {row.state} and its entry undone; to open by hand, send a new message")
    if overtaken := _overtaken(row, later):
        return Refused(overtaken)
    deadline_ms = now_ms + LIFETIME_MS if row.intent is Intent.OPEN else None
    step = Step(RowState.PENDING, now_ms, row.maybe_arrived, deadline_ms)
    return Carried((Change(row, step, _because("the operator says to send it again", command)),))


def _overtaken(row: Row, later: Sequence[Row]) -> str:
    """Say what was sent since that would get another meaning; nothing where there is none."""
    for other in later:
        sent = other.attempts > 0 and other.route == row.route
        if sent and (row.intent is Intent.OPEN or (row.intent is not Intent.CANCEL and other.intent is Intent.OPEN)):
            return f"message {other.seq} ({other.intent}) was sent after {row.seq}; send a new message instead"
    return ""


def _send(command: Command, known: Sequence[Row]) -> Carried | Refused:
    ids = {row.client_order_id: row for row in known}
    for row in command.rows:
        if (there := ids.get(row.client_order_id)) is not None:
            return Refused(f"id {row.client_order_id} is message {there.seq} already ({there.state}); give another one")
    if not command.rows:
        return Refused("there is nothing to send")
    if command.word is Word.SEND:
        return Carried(rows=command.rows)
    connectors = {row.connector for row in command.rows}
    why = _because(f"the operator says to {command.word}", command)
    waiting = [
        row
        for row in known
        if row.connector in connectors and row.intent is Intent.OPEN and row.state is RowState.PENDING
    ]
    return Carried(tuple(Change(row, ended(row), why) for row in waiting), command.rows)


def _because(said: str, command: Command) -> str:
    return f"{said}: {command.reason}" if command.reason else said
