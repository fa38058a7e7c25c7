"""What was seen and decided, bar by bar, and what is needed to do it all again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Candle = tuple[float, float, float, float, float]
"""Open, high, low, close, volume."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One bar of a route as it was processed at `at_ms` by our clock. Times are ms UTC.

    `candle` is what was seen, None for a bar that was given up. `notes` is JSON: what was decided, sent, refused,
    undone before it, and seen of other candles; "" where there is nothing of it.
    """

    route: str
    bar_ms: int
    at_ms: int
    candle: Candle | None
    notes: str = ""


class MarkKind(StrEnum):
    """`START`: a process begins with the route, or a month has passed. `DAY`: a UTC day has begun."""

    START = "start"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class JournalMark:
    """A place from which a journal can be replayed: the machine's state after the bar `bar_ms`, as JSON facts.

    A `START` also holds the rule's text, its parameters and the candles that were known.
    """

    route: str
    bar_ms: int
    at_ms: int
    kind: MarkKind
    facts: str
