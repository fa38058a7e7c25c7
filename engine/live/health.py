"""How the running engine is: until when it was answered, and what ails it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

from engine.ports import Ailing, Notice, NoticeKind

_BEGINS = {
    NoticeKind.WHOLE: NoticeKind.QUARANTINED,
    NoticeKind.RESTORED: NoticeKind.DEGRADED,
    NoticeKind.ALLOWED: NoticeKind.BARRED,
}
"""What each word that something is well again ends."""


class Health:
    """Kept in memory alone: a start begins well, and is told again what is not."""

    def __init__(self) -> None:
        """Begin well, and not answered yet."""
        self.heard: dict[str, int] = {}
        self._ailing: dict[tuple[NoticeKind, str], Ailing] = {}

    @property
    def ailing(self) -> tuple[Ailing, ...]:
        """What is not well, oldest first."""
        return tuple(self._ailing.values())

    def hear(self, timeframes: Iterable[str], now_ms: int) -> None:
        """Take note that an exchange answered, so that candles of these timeframes are looked for."""
        self.heard |= dict.fromkeys(timeframes, now_ms)

    def take(self, notice: Notice, now_ms: int) -> None:
        """Take note of what is wrong, and of what is well again."""
        if (begun := _BEGINS.get(notice.kind)) is not None:
            self._ailing.pop((begun, notice.about), None)
        elif notice.kind in _BEGINS.values():
            known = self._ailing.get((notice.kind, notice.about))
            since_ms = now_ms if known is None else known.since_ms
            self._ailing[notice.kind, notice.about] = Ailing(notice.kind, notice.about, notice.text, since_ms)
