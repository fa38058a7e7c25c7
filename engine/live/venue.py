"""One exchange while the engine runs: its market, its time, and how patient we are with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.live.clock_watch import SkewWatch
from engine.live.patience import Patience
from engine.ports import MarketData


@dataclass
class Venue:
    """`skew_ms` is our clock less the exchange's, as it was measured last."""

    name: str
    market: MarketData
    patience: Patience = field(default_factory=Patience)
    skew_ms: int = 0
    watch: SkewWatch = field(init=False)

    def __post_init__(self) -> None:
        """Watch its time."""
        self.watch = SkewWatch(self.name or "the exchange")
