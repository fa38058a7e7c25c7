"""A route's place in the running engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.live.patience import Patience
from engine.live.revisions import Revisions
from engine.live.routes import RouteSpec
from engine.live.session import Session
from engine.live.undone import Openings
from engine.live.watching import Watching


@dataclass
class Seat(Patience):
    """A route; without a session it is not ready.

    `watermark_ms` is the last bar that it processed, `marked_ms` that of the journal's last mark with candles.
    """

    spec: RouteSpec = field(kw_only=True)
    session: Session | None = None
    watermark_ms: int = 0
    marked_ms: int = 0
    watching: Watching | None = None
    openings: Openings | None = None
    revisions: Revisions = field(init=False)
    quarantined: bool = False
    barred: bool = False

    def __post_init__(self) -> None:
        """Have told nothing."""
        self.revisions = Revisions(self.spec.key)

    def rests(self, now_ms: int) -> bool:
        """Tell whether no candle that it waits for can have closed by then."""
        if self.session is None:
            return False
        timeframe = self.spec.rule.timeframe
        if timeframe.next(timeframe.next(self.watermark_ms)) <= now_ms:
            return False
        return self.watching is None or not self.watching.waits(self.watermark_ms, now_ms)
