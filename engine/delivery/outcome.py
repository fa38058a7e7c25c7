"""What one POST came to, by what may have left the machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.delivery.success import PLAIN, Success


class Phase(StrEnum):
    """How far an exchange got."""

    REFUSED = "refused here"  # no byte left, and none ever will: the receiver has no words for it
    NOT_SENT = "not sent"  # no byte of the request can have left: name lookup, connect, TLS
    MAYBE_SENT = "maybe sent"  # bytes may have left, and no whole answer came
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The facts of one POST. `body` is capped; `retry_after_s` is the answer's Retry-After, if any."""

    phase: Phase
    detail: str
    status: int | None = None
    body: str = ""
    retry_after_s: float | None = None


class Outcome(StrEnum):
    """The classes of delivery.md."""

    ACKNOWLEDGED = "acknowledged"
    NOT_SENT = "not sent"
    REJECTED = "rejected"
    LIMITED = "limited"
    UNKNOWN = "unknown"


_REJECTED = frozenset({400, 401, 403, 404, 413, 422})


def classify(exchange: Exchange, success: Success = PLAIN) -> Outcome:
    """Give the class of an exchange. Status 200 with another answer than the recorded one is not success."""
    if exchange.phase is Phase.REFUSED:
        return Outcome.REJECTED
    if exchange.phase is Phase.NOT_SENT:
        return Outcome.NOT_SENT
    if exchange.phase is Phase.MAYBE_SENT or exchange.status is None:
        return Outcome.UNKNOWN
    if success.told_by(exchange.status, exchange.body):
        return Outcome.ACKNOWLEDGED
    if exchange.status in _REJECTED:
        return Outcome.REJECTED
    return Outcome.LIMITED if exchange.status == 429 else Outcome.UNKNOWN
