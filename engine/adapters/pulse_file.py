"""`<state file>.pulse`: what the running engine tells of itself. It is for people to look at; nothing depends on it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from engine.adapters.redaction import Redaction
from engine.ports import Ailing, NoticeKind, Pulse

EVERY_MS = 5_000
"""How often it is written while nothing changes."""


class PulseFile:
    """The file of one state. It is not synchronised: after a power cut it may be old, and says of when it is."""

    def __init__(self, state_file: Path, redaction: Redaction | None = None) -> None:
        """Name it; `redaction` takes tokens out of what is written."""
        self.path = state_file.with_name(state_file.name + ".pulse")
        self._redaction = redaction or Redaction([])
        self._written: Pulse | None = None

    def beat(self, pulse: Pulse) -> None:
        """Write it, whole, where it is time to or something else ails. A disk that does not take it is no fault."""
        last = self._written
        if last is not None and last.ailing == pulse.ailing and 0 <= pulse.at_ms - last.at_ms < EVERY_MS:
            return
        self._written = pulse
        young = self.path.with_name(f".{self.path.name}.new")
        with contextlib.suppress(OSError):
            young.write_text(self._redaction.text(json.dumps(asdict(pulse), ensure_ascii=False)), encoding="utf-8")
            young.replace(self.path)

    def read(self) -> Pulse | None:
        """Give what was written last; None where there is nothing, or nothing that can be read."""
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
            ailing = tuple(
                Ailing(NoticeKind(one["kind"]), str(one["about"]), str(one["text"]), int(one["since_ms"]))
                for one in told["ailing"]
            )
            heard = {str(name): int(at_ms) for name, at_ms in told["heard"].items()}
            return Pulse(int(told["process"]), int(told["at_ms"]), int(told["missed"]), heard, ailing)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
