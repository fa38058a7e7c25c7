"""Whole copies of a state, taken while others write it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from engine.errors import StoreError


def copy_whole(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database by SQLite's online backup, check the copy, and give it its name only when it is on the disk.

    Errors: OSError, sqlite3.Error; StoreError where the copy is not sound.
    """
    young = target.with_name(target.name + ".new")
    young.unlink(missing_ok=True)
    os.close(os.open(young, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = sqlite3.connect(young, isolation_level=None)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a journal that could be left behind
        faults = [line for (line,) in copy.execute("PRAGMA integrity_check")]
    finally:
        copy.close()
    if faults != ["ok"]:
        raise StoreError(f"{target}: the copy is not sound ({faults[0]}), so the state is damaged; it was not kept")
    sync(young)
    young.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have a file or folder written to the disk. Errors: OSError."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        with contextlib.suppress(OSError):
            os.close(file)
