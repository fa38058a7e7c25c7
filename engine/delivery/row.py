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
    """A stored message. Times are milliseconds UTC; `deadline_ms` is None for what has no lifetime."""

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
