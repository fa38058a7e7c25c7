"""What time it is."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The wall clock that candles are due by."""

    def now_ms(self) -> int:
        """Give the time in milliseconds since the epoch, UTC."""
        ...
