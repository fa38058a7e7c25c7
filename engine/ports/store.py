"""Where state is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.delivery import Carried, Command, Exchange, Refused, Row, RowState, Step
from engine.ports.journal import JournalEntry, JournalMark


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """What a route must remember: the last bar it processed (open time, ms UTC) and its machine's state as JSON."""

    route: str
    watermark_ms: int
    state: str
    rule_sha256: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver a message, as it is shown to the operator. Times are ms UTC; `phase` as in `Phase`.

    `ended_ms` None: it is under way, or the process died in it and was not started since.
    """

    seq: int
    started_ms: int
    ended_ms: int | None = None
    phase: str = ""
    status: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A change of a message that was no attempt: when (ms UTC), to which state and why.

    `command` is the number of the operator's, where he said so.
    """

    seq: int
    at_ms: int
    state: RowState
    reason: str
    command: int | None = None


class Store(Protocol):
    """Durable state of one engine. Every method is one transaction, durable when it returns. Errors: StoreError.

    A row is changed only from the state it was read in.
    """

    def route(self, route: str) -> RouteRecord | None:
        """Give what was kept of a route."""
        ...

    def commit_bar(
        self,
        record: RouteRecord,
        rows: Sequence[Row],
        entry: JournalEntry | None = None,
        mark: JournalMark | None = None,
    ) -> None:
        """Keep a processed bar: state, watermark, the messages it decided and its journal, all or nothing.

        `seq` of the rows is given by the store. A client order id that is there already is not written again.
        """
        ...

    def unresolved(self, connector: str | None = None) -> list[Row]:
        """Give the rows that are not final, in order of decision; of one connector or of all."""
        ...

    def changes(self, route: str) -> int:
        """Give a number that grows with every new or changed row of a route, while this store is open."""
        ...

    def openings(self, route: str, bars_ms: Sequence[int]) -> list[Row]:
        """Give the opening messages that a route's rule decided on those bars, and that no limit refused."""
        ...

    def closed_by_hand(self, route: str, after: Row) -> list[Row]:
        """Give the full closes of a route that a person sent after a row, and that were not refused."""
        ...

    def messages_since(self, since_ms: int, now_ms: int) -> int:
        """Count the messages written since then that left or still may: none that was REFUSED or is past its time."""
        ...

    def entries_stopped(self) -> Command | None:
        """Give the operator's word by which no entry is sent, from its asking on; None while entries are allowed."""
        ...

    def begin_attempt(self, row: Row, now_ms: int) -> Row | None:
        """Mark the row SENDING, count the attempt, and give it as it now is; None where another changed it since."""
        ...

    def end_attempt(self, row: Row, step: Step, exchange: Exchange | None, now_ms: int) -> None:
        """Write down what came of an attempt, and the state that follows.

        `exchange` None: the process died in it, so nothing is known.
        """
        ...

    def resolve(self, row: Row, state: RowState, detail: str, now_ms: int) -> bool:
        """Give a row another state without an attempt, with the reason; False where another changed it since."""
        ...

    def asked(self) -> list[Command]:
        """Give the operator's commands that nobody has looked at, oldest first."""
        ...

    def known(self, command: Command) -> list[Row]:
        """Give what `carry_out` has to know of the outbox for a command."""
        ...

    def finish(self, command: Command, verdict: Carried | Refused, now_ms: int) -> list[Row] | None:
        """Do what was found to follow from a command, and mark it done: all or nothing.

        Gives the rows that are new; None where another changed a row since, or finished the command.
        """
        ...

    def attempts(self, row: Row) -> list[Attempt]:
        """Give every attempt to deliver a row, oldest first."""
        ...

    def resolutions(self, row: Row) -> list[Resolution]:
        """Give every change of a row that was no attempt, oldest first."""
        ...

    def rows(self, limit: int = 100) -> list[Row]:
        """Give the newest rows, newest last."""
        ...

    def journal(self, route: str, since_ms: int, until_ms: int) -> list[JournalEntry]:
        """Give what was written of the bars that open from `since_ms` to before `until_ms`, oldest first."""
        ...

    def marks(self, route: str) -> list[JournalMark]:
        """Give the places that a route's journal can be replayed from, oldest first."""
        ...

    def newest_mark(self, route: str) -> JournalMark | None:
        """Give the last of them."""
        ...

    def tidy_journal(self, route: str, forget_before_ms: int) -> bool:
        """Pack a stretch of a route's journal, or else drop what is older, and messages final before that time too.

        Gives whether there may be more to pack. What stays can be replayed: it begins with the newest mark with
        candles before that time.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
