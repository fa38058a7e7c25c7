from __future__ import annotations

from pathlib import Path

from tests.paper.fuzz import run


def test_no_body_is_answered_wrongly(tmp_path: Path) -> None:
    """Of 500 damaged bodies none raises, none is a 5xx, and what is taken is what the page allows."""
    taken, wrong = run(500, 2, tmp_path)
    assert wrong == []
    assert taken > 20
