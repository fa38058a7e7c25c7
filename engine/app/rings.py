"""How often the doorbell did not ring when it should have."""

from __future__ import annotations

from engine.ports import Notice, NoticeKind, Tell

SAID_EVERY_MS = 60_000


class Rings:
    """Counts the rings that were missed, or came together as one: nothing is lost by them, but it was later."""

    def __init__(self, every_ms: float, tell: Tell) -> None:
        """Expect a ring every so many ms; tell of missed ones, once a minute at most."""
        self.missed = 0
        self._every_ms, self._tell = every_ms, tell
        self._last: float | None = None
        self._unsaid, self._said_ms = 0, float("-inf")

    def ring(self, steady_ms: float) -> None:
        """Take note of a ring, by a clock that nobody sets."""
        if self._last is not None:
            missed = max(0, round((steady_ms - self._last) / self._every_ms) - 1)
            self.missed += missed
            self._unsaid += missed
        self._last = steady_ms
        if self._unsaid and steady_ms - self._said_ms >= SAID_EVERY_MS:
            text = (
                f"{self._unsaid} of one every {self._every_ms / 1000:g} s: a tick took longer, or the machine was busy"
            )
            self._tell(Notice(NoticeKind.RINGS, "the doorbell", text, self._unsaid))
            self._unsaid, self._said_ms = 0, steady_ms
