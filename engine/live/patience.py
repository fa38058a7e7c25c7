"""When to ask again for what could not be had."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_LATE_PAUSE_MS = 500, 30_000, 5_000


@dataclass
class Patience:
    """Pauses that grow, with jitter. Times in ms by whichever clock is given; never one that others set back."""

    retry_at_ms: float = 0.0
    failures: int = 0

    def reset(self) -> None:
        """Begin anew: it could be had."""
        self.retry_at_ms, self.failures = 0.0, 0

    def postpone(self, now_ms: float, longest_ms: int) -> int:
        """Wait, longer each time; gives how long in ms."""
        wished: int = FIRST_PAUSE_MS * 2**self.failures
        pause = round(min(longest_ms, wished) * random.uniform(0.5, 1))  # noqa: S311 - jitter
        self.failures = min(self.failures + 1, 10)
        self.retry_at_ms = now_ms + pause
        return pause
