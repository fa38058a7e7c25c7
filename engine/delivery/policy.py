"""Which row is sent next, and what follows from what came of it. Pure: times and chance are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.delivery.outcome import Outcome
from engine.delivery.row import Intent, Row, RowState

_FIRST_PAUSE_MS = 250
_LONGEST_PAUSE_MS = 30_000


@dataclass(frozen=True, slots=True)
class Send:
    """Send this row now."""

    row: Row


@dataclass(frozen=True, slots=True)
class Expire:
    """This row's lifetime is over; it must not be sent."""

    row: Row


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before this time (None: before something new is written)."""

    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """The state a row goes to, and when it may be tried again where that is PENDING."""

    state: RowState
    next_try_ms: int = 0


def choose(rows: Sequence[Row], now_ms: int) -> Send | Expire | Wait:
    """Pick what to do about one connector's unresolved rows, given in the order they were decided.

    First in, first out. An UNKNOWN opening blocks nothing but later openings of its route, which wait for the
    operator's word until their lifetime ends; a close passes it, as if it had arrived.
    """
    doubtful = {row.route for row in rows if row.state is RowState.UNKNOWN and row.intent is Intent.OPEN}
    wake: list[int] = []
    for row in rows:
        if row.state is not RowState.PENDING:
            continue
        if row.deadline_ms is not None and now_ms > row.deadline_ms:
            return Expire(row)
        if row.intent is Intent.OPEN and row.route in doubtful:
            wake.append(row.deadline_ms or now_ms + _LONGEST_PAUSE_MS)
            continue
        if row.next_try_ms > now_ms:
            wake.append(row.next_try_ms)
            break
        return Send(row)
    return Wait(min(wake) if wake else None)


def after(
    row: Row, outcome: Outcome, now_ms: int, *, deduplicates: bool, jitter: float, retry_after_s: float | None
) -> Step:
    """Give what follows from an attempt. `row.attempts` counts it; `jitter` is a random number from 0 to 1."""
    if outcome is Outcome.ACKNOWLEDGED:
        return Step(RowState.ACKNOWLEDGED)
    if outcome is Outcome.REJECTED:
        return Step(RowState.REJECTED)
    if outcome is Outcome.UNKNOWN and row.intent.at_most_once and not deduplicates:
        return Step(RowState.UNKNOWN)
    pause = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(row.attempts, 10)) * (0.5 + jitter / 2)
    if outcome is Outcome.LIMITED and retry_after_s is not None:
        pause = max(pause, retry_after_s * 1000)
    return Step(RowState.PENDING, now_ms + round(pause))


def found_sending(row: Row, *, deduplicates: bool) -> Step:
    """Give what a row becomes that was SENDING when the process died: its outcome is unknown."""
    return after(row, Outcome.UNKNOWN, 0, deduplicates=deduplicates, jitter=0.0, retry_after_s=None)
