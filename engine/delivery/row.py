"""One message in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """What a message does to the position: it decides what a missing answer allows."""

    OPEN = "open"
    CLOSE = "close"
    PARTIAL_CLOSE = "partial close"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel all"

    @property
    def at_most_once(self) -> bool:
        """Whether sending it twice could double or overshoot a position."""
        return self in (Intent.OPEN, Intent.PARTIAL_CLOSE)


class RowState(StrEnum):
    """PENDING → SENDING (committed before the first byte) → one of the others; back to PENDING to try again."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the row by itself, and it holds nothing back."""
        return self in (RowState.ACKNOWLEDGED, RowState.REJECTED, RowState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored message. Times are milliseconds UTC; `deadline_ms` is None for what has no lifetime.

    `maybe_arrived` tells that an attempt ended without an answer one can trust. Errors: ValueError for a full close
    with a lifetime, which would leave a position open in silence, and for a row without id, which the store would
    take for another's repetition.
    """

    seq: int
    route: str
    connector: str
    intent: Intent
    state: RowState
    client_order_id: str
    body: str
    bar_ms: int
    deadline_ms: int | None = None
    attempts: int = 0
    next_try_ms: int = 0
    detail: str = ""
    maybe_arrived: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that would be lost in silence."""
        if not self.client_order_id:
            raise ValueError("a message in the outbox needs a client order id")
        if self.intent is Intent.CLOSE and self.deadline_ms is not None:
            raise ValueError(f"{self.client_order_id}: a full close has no lifetime; leave deadline_ms None")
