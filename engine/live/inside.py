"""The bar that is still open, for a rule with `watch`: the finer candles seen in it, and what they led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.market import Bars, Timeframe


@dataclass
class Inside:
    """`candles` are of the `watch` timeframe, oldest first; `events` what was decided, sent, refused, undone with them.

    An event is JSON: `at_ms` is the candle's open time, the rest as in the journal's notes (live/journal.py).
    """

    candles: Bars
    events: list[Mapping[str, object]] = field(default_factory=list)

    @classmethod
    def of(cls, timeframe: Timeframe) -> Inside:
        """Begin a bar."""
        return cls(Bars.of(timeframe, []))

    @property
    def last_ms(self) -> int | None:
        """The open time of the newest candle; None before the first."""
        return int(self.candles.time[-1]) if len(self.candles) else None
