"""What time it is: by the system, or by steps of history."""

from __future__ import annotations

import threading
import time

_STEADY: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the monotonic clock must do


def steady_ms() -> float:
    """Give milliseconds since some moment. They never go back, nobody sets them, and they count while we sleep."""
    return time.clock_gettime(_STEADY) * 1_000 if _STEADY is not None else time.monotonic() * 1_000


class SystemClock:
    """The system's wall clock. It can be set back and forward by others."""

    def now_ms(self) -> int:
        """Give the time in milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000


class SteppedClock:
    """A clock that is stepped through history: the last step plus the real time since it, in ms UTC. Thread-safe.

    Between steps it runs on at real speed, so that lifetimes and pauses mean what they say while messages are sent.
    """

    def __init__(self, start_ms: int) -> None:
        """Begin at `start_ms`."""
        self._lock = threading.Lock()
        self._step_ms = start_ms
        self._stepped_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Give the last step plus the milliseconds that really passed since."""
        with self._lock:
            return self._now_ms()

    def step_to(self, ms: int) -> None:
        """Jump forward to `ms`. Errors: ValueError where the clock is past it already; time never goes back."""
        with self._lock:
            now = self._now_ms()
            if ms < now:
                raise ValueError(f"the clock shows {now}; it cannot be stepped back to {ms}")
            self._step(ms)

    def reach(self, ms: int) -> None:
        """Jump forward to `ms`; where the clock is there already, by a step or by itself, it goes on as it is."""
        with self._lock:
            if ms > self._now_ms():
                self._step(ms)

    def _step(self, ms: int) -> None:
        self._step_ms = ms
        self._stepped_ns = time.monotonic_ns()

    def _now_ms(self) -> int:
        return self._step_ms + (time.monotonic_ns() - self._stepped_ns) // 1_000_000
