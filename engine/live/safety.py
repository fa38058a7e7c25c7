"""Which limit keeps an entry from being sent. Pure: what is known is an argument. No limit ever holds back a close."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Limit(StrEnum):
    """The limits by name, as logs, journal and `status` show them."""

    STOPPED = "entries stopped"
    GAP = "gap in the candles"
    CLOCK = "clock off"
    STALE = "stale candles"
    DAY_LOSS = "day loss"
    OPEN_POSITIONS = "open positions"
    MESSAGES = "messages an hour"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed; None: whatever comes. Times in ms; a loss in percent of the day's first equity or in money."""

    open_positions: int | None = None
    messages_an_hour: int | None = None
    day_loss_percent: float | None = None
    day_loss_amount: float | None = None
    stale_ms: int | None = None
    clock_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an entry was decided.

    `stopped` says who stopped entries, `missing` how many candles are missing in the warm-up, `stale` which candles
    are how old (`stale_ms`). `positions` counts the other
    routes that hold one or wait to open one; `adds` tells whether this entry makes one more. `messages` were sent in
    the last hour, `wanted` would be now. `day_equity` is what all routes are believed to have begun the UTC day with,
    `equity` what they have.
    """

    stopped: str = ""
    missing: int = 0
    skew_ms: int = 0
    stale: str = ""
    stale_ms: int = 0
    positions: int = 0
    adds: bool = True
    messages: int = 0
    wanted: int = 1
    day_equity: float = 0.0
    equity: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry is not sent: the limit that bites, and the numbers of it."""

    limit: Limit
    why: str

    def __str__(self) -> str:
        """Give both, as the outbox keeps them."""
        return f"{self.limit}: {self.why}"


def refusal(limits: Limits, known: Situation) -> Refusal | None:
    """Give the first limit that bites; None where the entry may be sent."""
    if known.stopped:
        return Refusal(Limit.STOPPED, known.stopped)
    if known.missing:
        return Refusal(Limit.GAP, f"{known.missing} are missing in the warm-up, so its values are not certain")
    if limits.clock_ms is not None and abs(known.skew_ms) > limits.clock_ms:
        off, most = known.skew_ms / 1000, limits.clock_ms / 1000
        return Refusal(Limit.CLOCK, f"ours is {off:+.1f} s off the exchange's, and {most:g} s are allowed")
    if limits.stale_ms is not None and known.stale_ms > limits.stale_ms:
        age, most = known.stale_ms / 1000, limits.stale_ms / 1000
        return Refusal(Limit.STALE, f"{known.stale} is {age:.0f} s old, and {most:g} s are allowed")
    return _lost_too_much(limits, known) or _too_many(limits, known)


def _lost_too_much(limits: Limits, known: Situation) -> Refusal | None:
    lost = known.day_equity - known.equity
    if limits.day_loss_amount is not None and lost >= limits.day_loss_amount:
        why = f"{lost:,.2f} are believed lost since midnight (UTC), and {limits.day_loss_amount:,.2f} are the limit"
        return Refusal(Limit.DAY_LOSS, why)
    if limits.day_loss_percent is not None and known.day_equity > 0:
        percent = 100 * lost / known.day_equity
        if percent >= limits.day_loss_percent:
            why = f"{percent:.2f} % are believed lost since midnight (UTC), and {limits.day_loss_percent:g} % the limit"
            return Refusal(Limit.DAY_LOSS, why)
    return None


def _too_many(limits: Limits, known: Situation) -> Refusal | None:
    if limits.open_positions is not None and known.adds and known.positions >= limits.open_positions:
        return Refusal(Limit.OPEN_POSITIONS, f"{known.positions} are open, and {limits.open_positions} are allowed")
    if limits.messages_an_hour is not None and known.messages + known.wanted > limits.messages_an_hour:
        sent = f"{known.messages} were sent in the last hour and {known.wanted} would be now"
        why = f"{sent}, and {limits.messages_an_hour} are allowed"
        return Refusal(Limit.MESSAGES, why)
    return None
