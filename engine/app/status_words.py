"""What `status` says: routes, limits, and the names of all that needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """What needs a person; docs/operating.md has a chapter for each."""

    NOT_RUNNING = "not running"
    SILENT = "doorbell silent"
    OVERDUE = "candle overdue"
    IN_DOUBT = "message in doubt"
    CLOSE_WAITS = "close not delivered"
    QUARANTINED = "candles quarantined"
    REJECTED = "message rejected"
    STOPPED = "entries stopped"
    REFUSED = "entry refused"
    EXPIRED = "entry expired"
    SKIPPED = "candle given up"
    CLOCK = "clock off"
    NO_EXCHANGE = "exchange not reachable"
    BARRED = "gap in the warm-up"
    DEGRADED = "markets from the disk"
    EDITED = "rule edited"
    LEFT_BEHIND = "position left behind"
    UNREADABLE = "state not readable"


NOTICES = frozenset(
    {Trouble.REFUSED, Trouble.EXPIRED, Trouble.SKIPPED, Trouble.BARRED, Trouble.DEGRADED, Trouble.EDITED}
)
"""What a person should know, though nothing has to be done now."""


@dataclass(frozen=True, slots=True)
class Level:
    """An order that waits to close a position. `held_by`: platform or engine; `price` None: it has none yet."""

    reason: str
    price: float | None
    held_by: str


@dataclass(frozen=True, slots=True)
class RouteStatus:
    """Where a route stands. `bar_ms` is its last bar's open time; `late_ms` how overdue the next one is (0: it is not).

    `position` is what the engine believes; of a `waiting` entry its type and price are told.
    """

    route: str
    connector: str
    bar_ms: int | None
    age_ms: int | None = None
    late_ms: int = 0
    position: str = "flat"
    quantity: float = 0.0
    entry_price: float | None = None
    equity: float | None = None
    levels: tuple[Level, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """A limit: what there is of it, and what is allowed (None: whatever comes)."""

    name: str
    now: float
    allowed: float | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """The running engine's rings: its last (how long ago), how many it missed since it started.

    `heard_ms` tells for each timeframe how long ago a ring got as far as to look for its candles.
    """

    rang_ms: int
    missed: int
    heard_ms: dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Something that needs a person, and where."""

    trouble: Trouble
    where: str
    told: str

    @property
    def urgent(self) -> bool:
        """Whether something has to be done."""
        return self.trouble not in NOTICES


@dataclass(frozen=True, slots=True)
class Status:
    """All of it, at `at_ms` (UTC). `process`: the engine's, or None. `skew_ms`: our clock less the exchange's.

    `doorbell` is None where no engine runs, and until its first ring.
    """

    at_ms: int
    mode: str
    process: int | None
    routes: tuple[RouteStatus, ...]
    outbox: dict[str, int]
    limits: tuple[LimitStatus, ...]
    skew_ms: int | None
    found: tuple[Found, ...]
    doorbell: Doorbell | None = None

    @property
    def urgent(self) -> bool:
        """Whether something has to be done."""
        return any(one.urgent for one in self.found)
