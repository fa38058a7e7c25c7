"""A share of `make disk`."""

from __future__ import annotations

from tests.faults.disk.__main__ import LIVES, Figures, at_rest, running


def test_damage_is_refused_or_changes_nothing() -> None:
    """70 damaged states: none is taken for another one; `make disk` has 5,000."""
    figures = Figures()
    at_rest(70, 3, figures)
    assert figures.wrong == []
    assert figures.opened["refused"] > 20
    assert sum(figures.opened.values()) == 70


def test_an_engine_that_loses_its_disk_says_so_within_5_s() -> None:
    """Removed, replaced, cut, without its journal, full, without its folder: it ends with code 3 and names the file."""
    figures = Figures()
    running(len(LIVES), 3, figures)
    assert figures.wrong == []
    assert {kind: len(times) for kind, times in figures.alarms_s.items()} == dict.fromkeys(LIVES, 1)
