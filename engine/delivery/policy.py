"""Which row is sent next, and what follows from what came of it. Pure: times and chance are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.delivery.intent import Intent
from engine.delivery.outcome import Outcome
from engine.delivery.row import Row, RowState

_FIRST_PAUSE_MS = 250
_LONGEST_PAUSE_MS = 30_000
_LONGEST_RETRY_AFTER_MS = 3_600_000  # a close must not be parked for a day by one odd header


@dataclass(frozen=True, slots=True)
class Send:
    """Send this row now."""

    row: Row


@dataclass(frozen=True, slots=True)
class Step:
    """The state a row goes to, when it may be tried again where that is PENDING, and whether it may have arrived.

    `deadline_ms` is a new end of its lifetime; None leaves it as it was.
    """

    state: RowState
    next_try_ms: int = 0
    maybe_arrived: bool = False
    deadline_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    """This row must not be sent any more: it goes to `step` (EXPIRED; UNKNOWN where an attempt may have arrived)."""

    row: Row
    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before this time (None: before something new is written)."""

    until_ms: int | None


def choose(rows: Sequence[Row], now_ms: int) -> Send | Expire | Wait:
    """Pick what to do about one connector's unresolved rows, given in the order they were decided.

    First in, first out: what is in flight or waits to be tried again holds back all that comes after it. An UNKNOWN
    opening blocks nothing but openings of its route, which wait for the operator's word until their lifetime ends; an
    UNKNOWN close blocks every opening after it. Other messages pass such a held opening; one of its own route ends it,
    since sent afterwards it would open what was already decided to be closed.
    """
    wake: list[int] = []
    for row in rows:
        if row.state is RowState.PENDING and row.deadline_ms is not None:
            if now_ms > row.deadline_ms:
                return _expire(row, "its lifetime ended before it could be sent")
            wake.append(row.deadline_ms + 1)
    doubtful = {row.route for row in rows if row.state is RowState.UNKNOWN and row.intent is Intent.OPEN}
    unresolved_close = False
    held: list[Row] = []
    for row in rows:
        if row.state is RowState.UNKNOWN:
            unresolved_close |= row.intent in (Intent.CLOSE, Intent.PARTIAL_CLOSE)
            continue
        if row.state is not RowState.PENDING:
            break
        if row.intent is Intent.OPEN and (unresolved_close or row.route in doubtful):
            held.append(row)
            continue
        if row.next_try_ms > now_ms:
            wake.append(row.next_try_ms)
            break
        for opening in held:
            if opening.route == row.route:
                return _expire(opening, f"held back, and a later {row.intent} of its route goes first")
        return Send(row)
    return Wait(min(wake) if wake else None)


def after(
    row: Row, outcome: Outcome, now_ms: int, *, deduplicates: bool, jitter: float, retry_after_s: float | None
) -> Step:
    """Give what follows from an attempt. `row.attempts` counts it; `jitter` is a random number from 0 to 1."""
    if outcome is Outcome.ACKNOWLEDGED:
        return Step(RowState.ACKNOWLEDGED)
    maybe_arrived = row.maybe_arrived or outcome is Outcome.UNKNOWN
    if outcome is Outcome.REJECTED:
        # The refusal speaks of this attempt only; an earlier one may have opened a position.
        doubt = maybe_arrived and row.intent.at_most_once
        return Step(RowState.UNKNOWN if doubt else RowState.REJECTED, maybe_arrived=maybe_arrived)
    if outcome is Outcome.UNKNOWN and row.intent.at_most_once and not deduplicates:
        return Step(RowState.UNKNOWN, maybe_arrived=True)
    pause = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(row.attempts, 10)) * (0.5 + jitter / 2)
    if outcome is Outcome.LIMITED and retry_after_s is not None:
        pause = max(pause, min(retry_after_s * 1000, _LONGEST_RETRY_AFTER_MS))
    return Step(RowState.PENDING, now_ms + round(pause), maybe_arrived)


def found_sending(row: Row, *, deduplicates: bool) -> Step:
    """Give what a row becomes that was SENDING when the process died: its outcome is unknown."""
    return after(row, Outcome.UNKNOWN, 0, deduplicates=deduplicates, jitter=0.0, retry_after_s=None)


def holds_back(row: Row, later: Row) -> bool:
    """Tell whether a later row of the same connector waits because of an unresolved one: the barriers of `choose`."""
    if row.state.final or later.state is not RowState.PENDING:
        return False
    if row.state is RowState.UNKNOWN:
        same = row.intent is Intent.OPEN and row.route == later.route
        return later.intent is Intent.OPEN and (same or row.intent in (Intent.CLOSE, Intent.PARTIAL_CLOSE))
    return True


def ended(row: Row) -> Step:
    """Give what a row becomes that must not be sent any more: EXPIRED says that it did not arrive, so not in doubt."""
    state = RowState.UNKNOWN if row.maybe_arrived else RowState.EXPIRED
    return Step(state, maybe_arrived=row.maybe_arrived)


def _expire(row: Row, reason: str) -> Expire:
    return Expire(row, ended(row), reason)
