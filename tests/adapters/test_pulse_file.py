"""The file beside the state in which the engine tells how it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.pulse_file import EVERY_MS, PulseFile
from engine.adapters.redaction import Redaction
from engine.ports import Ailing, NoticeKind, Pulse

BROKEN = Ailing(NoticeKind.QUARANTINED, "swing", "low above high, says canary-pulse", 5)
PULSE = Pulse(7, 1_000, 3, {"1h": 900}, (BROKEN,))


def test_what_was_told_is_read(tmp_path: Path) -> None:
    """Whole, without tokens, and with nothing else left in the folder."""
    file = PulseFile(tmp_path / "state.db", Redaction(["canary-pulse"]))
    assert file.read() is None
    file.beat(PULSE)
    assert file.read() == replace(PULSE, ailing=(replace(BROKEN, text="low above high, says [token]"),))
    assert [path.name for path in tmp_path.iterdir()] == ["state.db.pulse"]


def test_it_is_written_now_and_then_and_at_once_when_something_else_ails(tmp_path: Path) -> None:
    """A clock that is set back is no reason to be silent."""
    file = PulseFile(tmp_path / "state.db")

    def written(pulse: Pulse) -> bool:
        file.beat(pulse)
        return file.read() == pulse

    assert written(PULSE)
    assert not written(replace(PULSE, at_ms=1_000 + EVERY_MS - 1))
    assert written(replace(PULSE, at_ms=1_000 + EVERY_MS))
    assert written(replace(PULSE, at_ms=1_001 + EVERY_MS, ailing=()))
    assert written(replace(PULSE, at_ms=10, ailing=()))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"process": 1, "at_ms": 1, "missed": 0, "heard": 3, "ailing": []}']
)
def test_what_cannot_be_read_is_nothing(tmp_path: Path, text: str) -> None:
    """It is for people: a torn file is as none."""
    (tmp_path / "state.db.pulse").write_text(text)
    assert PulseFile(tmp_path / "state.db").read() is None


def test_a_disk_that_takes_nothing_is_no_fault(tmp_path: Path) -> None:
    """The engine goes on; that the file is old shows."""
    file = PulseFile(tmp_path / "gone" / "state.db")
    file.beat(PULSE)
    assert file.read() is None
