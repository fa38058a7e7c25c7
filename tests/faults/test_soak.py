"""A small share of `make soak`: hours of a running engine by a virtual clock, with all faults."""

from __future__ import annotations

from pathlib import Path

from tests.faults.soak.run import soak


def test_hours_with_all_faults_leave_nothing_silent(tmp_path: Path) -> None:
    """Every bar is stepped or given up with a word, decisions are the reference's, and no close expires."""
    report = soak(tmp_path, minutes=240, routes=4, seed=3)
    assert report.wrong == []
    assert report.bars > 900
    assert report.messages > 50
    assert {"SKIPPED_LATE", "QUARANTINED"} & set(report.notices)
