"""One writer: the lock that keeps a second engine off the same state."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from engine.errors import RefusedError, StoreError


class WriterLock:
    """An exclusive lock on `<state file>.lock`, held until `release` or until the process is gone, however it went.

    The file itself stays and holds the holder's process id: removing it would let two engines lock two files of one
    name. Errors: RefusedError with the holder's process id; StoreError where no lock can be had at all.
    """

    def __init__(self, state_file: Path) -> None:
        """Take the lock, or say who holds it."""
        path = state_file.with_name(state_file.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: cannot write the lock file: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise RefusedError(
                f"{state_file}: another engine is running on this state (process {holder}); "
                "stop it first, or give this one a state file of its own"
            ) from None
        except OSError as error:
            os.close(self._file)
            raise StoreError(f"{path}: this file system cannot lock files: {error.strerror}") from None
        with contextlib.suppress(OSError):  # the id only helps people; a full disk is found by the database itself
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another engine in."""
        os.close(self._file)
