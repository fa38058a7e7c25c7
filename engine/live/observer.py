"""Who is told what happens while the engine runs: logs, progress."""

from __future__ import annotations

from typing import Protocol

from engine.delivery import Row
from engine.live.session import Outcome, Session
from engine.ports import Notice, RouteRecord


class Observer(Protocol):
    """Is told what happens."""

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        """A route has its candles and its state; `resumed` is what a former process kept of it."""
        ...

    def stepped(self, session: Session, outcome: Outcome) -> None:
        """A closed bar was processed and is durable."""
        ...

    def voided(self, session: Session, row: Row) -> None:
        """An entry was undone: its message, `row`, did not arrive; or the close `row` was sent by hand."""
        ...

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:
        """Candles could not be had; they will be asked for again after `pause_ms`. With 0, it went on without one."""
        ...

    def noticed(self, notice: Notice) -> None:
        """Something is wrong with candles or clocks, or well again."""
        ...
