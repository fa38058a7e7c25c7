"""What SQLite cannot see by itself: a journal that was lost, a file that was changed from outside while it is open."""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path

from engine.errors import StoreError


class Mark:
    """`<state file>.mark`: the number of the newest commit, written after each, beside the database.

    SQLite takes a journal that is missing, cut or flipped for one that ends there, and the state is then a sound but
    older one: messages would be sent again. A state whose own count is below the mark has lost commits. The mark is
    not synchronised, so it can fall behind, never run ahead: a commit is on the disk before its mark is written.
    """

    def __init__(self, state_file: Path) -> None:
        """Name the mark of a state."""
        self.path = state_file.with_name(state_file.name + ".mark")
        self._file: int | None = None

    def read(self) -> int:
        """Give the count; 0 where there is none, or none that can be read."""
        try:
            count, check = self.path.read_bytes().split()
            return int(count) if int(check) == zlib.crc32(count) else 0
        except (OSError, ValueError):
            return 0

    def write(self, count: int) -> None:
        """Write the count in place, in bytes that are there already: a full disk does not hinder it."""
        digits = b"%020d" % count
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, b"%b %010d\n" % (digits, zlib.crc32(digits)), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class FileGuard:
    """Notices that an open state was replaced, removed or cut: SQLite would go on writing into nothing."""

    def __init__(self, state_file: Path) -> None:
        """Remember the file as it is now."""
        self._path = state_file
        self._journal = state_file.with_name(state_file.name + "-wal")
        found = state_file.stat()
        self._identity, self._size = (found.st_dev, found.st_ino), found.st_size
        self._journal_identity: tuple[int, int] | None = None

    def check(self) -> None:
        """Look again. Errors: StoreError."""
        try:
            found = self._path.stat()
        except OSError:
            raise StoreError(f"{self._path}: the state file went away while it was in use; {_ADVICE}") from None
        if (found.st_dev, found.st_ino) != self._identity:
            raise StoreError(f"{self._path}: the state file was replaced while it was in use; {_ADVICE}")
        if found.st_size < self._size:
            raise StoreError(f"{self._path}: the state file was cut while it was in use; {_ADVICE}")
        self._size = found.st_size
        if self._journal_identity not in (None, journal := self._journal_now()):
            gone = "went away" if journal is None else "was replaced"
            raise StoreError(f"{self._journal}: the state's journal {gone} while it was in use; {_ADVICE}")

    def committed(self) -> None:
        """Remember the journal, which is there after the first commit."""
        if self._journal_identity is None:
            self._journal_identity = self._journal_now()

    def _journal_now(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            found = self._journal.stat()
            return found.st_dev, found.st_ino
        return None


_ADVICE = "stop, find out what did it, restore a backup, and start again"
