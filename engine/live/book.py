"""What is believed of all routes together: positions, equity, the age of candles. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.decisions import State
from engine.market import Timeframe

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one route stands after its last bar. Times in ms UTC.

    `engaged`: it holds a position, or waits to open one. `due_ms` is when the next candle closes; `day` the UTC day
    (since the epoch) of the last bar, and `day_equity` what was believed to be there when it began.
    """

    side: int
    engaged: bool
    equity: float
    day: int
    day_equity: float
    due_ms: int

    @classmethod
    def of(
        cls, state: State, timeframe: Timeframe, watermark_ms: int, close: float, before: Standing | None
    ) -> Standing:
        """Read it from a machine's state at a close; `before` is where the route stood, if that is known."""
        p = state.position[0]
        side, day = int(p["side"]), watermark_ms // DAY_MS
        equity = float(p["cash"]) + side * float(p["quantity"]) * (close - float(p["entry_price"]))
        begun = equity if before is None else before.begun(day)
        waits = bool((state.orders["type"] != 0).any())
        due_ms = timeframe.next(timeframe.next(watermark_ms))
        return cls(side, side != 0 or waits, equity, day, begun, due_ms)

    def begun(self, day: int) -> float:
        """Give the equity that a day begins with: that of the last bar, where it was on a day before."""
        return self.day_equity if self.day == day else self.equity


class Book:
    """The standings of all routes by their keys."""

    def __init__(self, standings: Mapping[str, Standing]) -> None:
        """Begin with what was kept."""
        self._standings = dict(standings)

    def keep(self, route: str, standing: Standing) -> None:
        """Take a route's newest standing."""
        self._standings[route] = standing

    def of(self, route: str) -> Standing | None:
        """Give where a route stands; None where it has never run."""
        return self._standings.get(route)

    def positions(self, but: str = "") -> int:
        """Count the routes that have a position, or wait to open one, `but` not counted."""
        return sum(standing.engaged for route, standing in self._standings.items() if route != but)

    def equity(self, day_ms: int) -> tuple[float, float]:
        """Give what all routes began the UTC day of a moment with, and what they have, both as believed."""
        day, all_of_them = day_ms // DAY_MS, self._standings.values()
        return sum(s.begun(day) for s in all_of_them), sum(s.equity for s in all_of_them)

    def stalest(self, now_ms: int) -> tuple[str, int]:
        """Give the route with a position whose next candle is most overdue, and by how many ms; "" where none is."""
        held = {route: now_ms - s.due_ms for route, s in self._standings.items() if s.side != 0}
        route = max(held, key=held.__getitem__, default="")
        return (route, held[route]) if route and held[route] > 0 else ("", 0)
