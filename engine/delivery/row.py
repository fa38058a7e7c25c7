"""One message in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.delivery.intent import Intent


class RowState(StrEnum):
    """PENDING → SENDING (committed before the first byte) → one of the others; back to PENDING to try again.

    REFUSED is so from the beginning: an opening that a safety limit keeps from being sent.
    """

    PENDING = "PENDING"
    SENDING = "SENDING"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    REFUSED = "REFUSED"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the row by itself, and it holds nothing back."""
        return self in (RowState.ACKNOWLEDGED, RowState.REJECTED, RowState.EXPIRED, RowState.REFUSED)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored message. Times are milliseconds UTC; `deadline_ms` is None for what has no lifetime.

    `bar_ms` is the open time of the candle at whose close it was decided, 1 ms more for a finer one of a rule with
    `watch` (the name that the entry has in the machine); of a message by hand, when that was.

    `maybe_arrived` tells that an attempt ended without an answer one can trust, `by_hand` that a person sent it and no
    rule. Errors: ValueError for a full close with a lifetime, which would leave a position open in silence, and for a
    row without id, which the store would take for another's repetition.
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
    by_hand: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that would be lost in silence."""
        if not self.client_order_id:
            raise ValueError("a message in the outbox needs a client order id")
        if self.intent is Intent.CLOSE and self.deadline_ms is not None:
            raise ValueError(f"{self.client_order_id}: a full close has no lifetime; leave deadline_ms None")
