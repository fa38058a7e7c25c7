"""A backup put in the state's place, as docs/operating.md says it."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.app.audit import Cause
from engine.app.outbox import back_up, newest
from engine.delivery import Intent, RowState
from tests.app.test_audit import World


def test_an_engine_goes_on_from_a_backup(tmp_path: Path) -> None:
    """It catches up from where the copy ends: no entry of that time is sent again, and the audit explains all of it."""
    world = World(tmp_path)
    world.run(range(50))
    copy = tmp_path / "backup.db"
    kept = len(newest(world.config, 1000))
    back_up(world.config, copy)
    world.run(range(50, 100))
    lost = {row.client_order_id for row in newest(world.config, 1000)}
    for beside in ("", "-wal", "-shm", ".mark"):
        (tmp_path / f"state.db{beside}").unlink(missing_ok=True)
    shutil.copy(copy, tmp_path / "state.db")
    world.run(range(100, 140))
    again = [
        row for row in newest(world.config, 1000)[kept:] if row.client_order_id in lost and row.intent is Intent.OPEN
    ]
    assert again
    assert {row.state for row in again} == {RowState.EXPIRED}
    report = world.audit()
    assert report.unexplained == 0
    assert {one.cause for one in report.differences} == {Cause.EXPIRED}
    assert report.bars == 139
