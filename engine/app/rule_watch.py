"""Rule files that are edited while the engine runs: what runs stays, and the edit is told."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.documents import read_text
from engine.errors import InvalidInputError
from engine.ports import Notice, NoticeKind, Tell
from engine.rules import Rule

LOOK_EVERY_MS = 5_000


class RuleWatch:
    """Looks at the files now and then, and tells once of each new content."""

    def __init__(self, rules: Iterable[tuple[Path, Rule]], tell: Tell) -> None:
        """Watch each file for the rule that was read from it."""
        self._known = {path: rule.expressions.source.text for path, rule in rules}
        self._running = dict(self._known)
        self._tell = tell
        self._looked_ms = float("-inf")

    def look(self, steady_ms: float) -> None:
        """Look, where it is time to."""
        if steady_ms - self._looked_ms < LOOK_EVERY_MS:
            return
        self._looked_ms = steady_ms
        for path, known in self._known.items():
            try:
                text = read_text(path)
            except InvalidInputError:
                text = ""  # gone, or being written: told like an edit
            if text == known:
                continue
            self._known[path] = text
            if text == self._running[path]:
                said = "is again the rule that runs"
            elif not text:
                said = "cannot be read; the next start will need it"
            else:
                said = "was edited; it holds from the next start, the position is kept"
            self._tell(Notice(NoticeKind.EDITED, str(path), said))
