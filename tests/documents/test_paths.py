"""Paths as they are shown."""

from __future__ import annotations

from pathlib import Path

from engine.documents import counted, from_here


def test_paths_are_short_where_that_leads_to_the_same(tmp_path: Path) -> None:
    """`..` goes with the folder before it; behind a link it stays, since there it leads elsewhere."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "far" / "configs").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "far" / "configs")
    assert from_here("configs", "../state/live.db") == "state/live.db"
    assert from_here("", "rule.yaml") == "rule.yaml"
    assert from_here("configs", "/srv/live.db") == "/srv/live.db"
    assert from_here(tmp_path / "configs", "../state") == str(tmp_path / "state")
    assert from_here(tmp_path / "linked", "../state") == str(tmp_path / "linked" / ".." / "state")


def test_one_is_one() -> None:
    """And many have an s, and separated thousands."""
    assert [counted(n, "bar") for n in (0, 1, 2, 2_000)] == ["0 bars", "1 bar", "2 bars", "2,000 bars"]
