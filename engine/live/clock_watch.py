"""Our clock against the steady one, and against an exchange's. No I/O."""

from __future__ import annotations

from engine.ports import Notice, NoticeKind

LARGEST_SLIP_MS = 1_000
"""By how much wall and steady clock may part between two ticks before it is called a jump."""
WARNED_SKEW_MS = 500
OURS = "our clock"


class ClockWatch:
    """Compares the wall clock with the steady one at every tick."""

    def __init__(self) -> None:
        """Begin when looked at first."""
        self._last: tuple[int, float] | None = None

    def look(self, wall_ms: int, steady_ms: float) -> Notice | None:
        """Say where the wall clock jumped since the last look: forward, as after a sleep of the machine, or back."""
        last, self._last = self._last or (wall_ms, steady_ms), (wall_ms, steady_ms)
        jump = round((wall_ms - last[0]) - (steady_ms - last[1]))
        if abs(jump) < LARGEST_SLIP_MS:
            return None
        way = "forward: it was set, or the machine slept" if jump > 0 else "back: it was set"
        text = f"by {abs(jump) / 1000:.1f} s {way}; candles are due by the exchange's"
        return Notice(NoticeKind.JUMP, OURS, text)


class SkewWatch:
    """Says when our clock is off an exchange's time by more than WARNED_SKEW_MS, and when that is over."""

    def __init__(self, exchange: str) -> None:
        """Begin without a measure."""
        self._exchange, self._warned = exchange, False

    def measure(self, skew_ms: int) -> Notice | None:
        """Take ours less the exchange's; give what is to be said."""
        off = abs(skew_ms) > WARNED_SKEW_MS
        if off == self._warned:
            return None
        self._warned = off
        if off:
            return Notice(
                NoticeKind.SKEW, OURS, f"{skew_ms / 1000:+.1f} s off the time of {self._exchange}; set it by NTP"
            )
        return Notice(NoticeKind.SKEW_OVER, OURS, f"by the time of {self._exchange}")
