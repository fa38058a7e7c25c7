"""What nobody must be blind to while the engine runs: something is wrong with candles or clocks, or well again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What was noticed, in the words that the log has for it."""

    SKIPPED_LATE = "SKIPPED_LATE: the candle did not come in time"
    GAP = "candles missing: their bars are skipped"
    FILLED = "candles missing: their bars are filled"
    BARRED = "no entries: a candle is missing in the warm-up"
    ALLOWED = "entries again: the warm-up is whole"
    REVISED = "a candle changed after it was decided on"
    CAME_LATE = "a candle came after its bar was skipped"
    QUARANTINED = "quarantined: its candles are not whole"
    WHOLE = "out of quarantine: its candles are whole"
    SKEW = "our clock is off"
    SKEW_OVER = "our clock is right again"
    JUMP = "our clock jumped"
    EDITED = "rule file"
    RINGS = "rings missed"
    DEGRADED = "markets from the disk: the exchange did not give them"
    NOT_KEPT = "markets could not be kept on the disk"
    RESTORED = "markets from the exchange again"
    LIMITED = "the exchange limits us: nothing is asked until it is over"

    @property
    def good(self) -> bool:
        """Whether something is well again."""
        return self in (NoticeKind.ALLOWED, NoticeKind.WHOLE, NoticeKind.SKEW_OVER, NoticeKind.RESTORED)


@dataclass(frozen=True, slots=True)
class Notice:
    """`about` is a route, a series, an exchange or "our clock"; `bars` how many bars it is about, 0 for none."""

    kind: NoticeKind
    about: str
    text: str
    bars: int = 0


Tell = Callable[[Notice], None]


def ignore(notice: Notice) -> None:
    """Tell nobody."""
    del notice
