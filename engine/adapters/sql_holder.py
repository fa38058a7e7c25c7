"""Which process holds the lock of a state, found without touching it: a lock tried for a moment could stop a start."""

from __future__ import annotations

import os
from pathlib import Path


def holder_of(state_file: Path) -> int | None:
    """Give the process that runs on a state; None where none does."""
    lock = state_file.with_name(state_file.name + ".lock")
    try:
        inode, told = lock.stat().st_ino, int(lock.read_text())
        os.kill(told, 0)
    except PermissionError:
        pass  # it is there, and somebody else's
    except (OSError, ValueError):
        return None
    try:
        locks = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:  # not Linux: a process of that number is there, and that is all that can be known
        return told
    return told if any(f":{inode} " in line for line in locks.splitlines()) else None
