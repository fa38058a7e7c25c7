"""A shim around SQLite's own file layer, in the very library that Python's sqlite3 uses: it writes down every write.

The structures are SQLite's documented sqlite3_vfs and sqlite3_io_methods. Of a file's methods three are replaced
(xWrite, xTruncate, xSync) and of the file layer xOpen and xDelete; everything else stays SQLite's. Synchronising is
written down and not done: what reaches the real disk does not matter here.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_METHODS = 19 * _POINTER
_WRITE, _TRUNCATE, _SYNC = 3, 4, 5
_VFS_BYTES, _NAME_AT, _OPEN_AT, _DELETE_AT = 168, 24, 40, 48
_DELETED = 0
_XOPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)
_XDELETE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_XWRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_XTRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_XSYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


@dataclass(frozen=True)
class Write:
    """Bytes for a file, at an offset."""

    path: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncate:
    """A file is cut, or emptied and removed (`size` -1)."""

    path: str
    size: int


@dataclass(frozen=True)
class Sync:
    """All that was written to a file before is on the disk now."""

    path: str


Operation = Write | Truncate | Sync


@dataclass
class Recorder:
    """Where the shim writes to, while somebody listens."""

    tell: Callable[[Operation], None] | None = None
    sync_s: float = 0.0  # how slow the disk is
    paths: dict[int, str] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)

    def say(self, operation: Operation) -> None:
        if self.tell is not None:
            self.tell(operation)


RECORDER = Recorder()


def install() -> bool:
    """Make the shim the file layer of every connection to come; False where Python brings its own SQLite."""
    name = ctypes.util.find_library("sqlite3")
    if name is None or RECORDER.alive:
        return bool(RECORDER.alive)
    library = ctypes.CDLL(name)
    library.sqlite3_vfs_find.restype = ctypes.c_void_p
    library.sqlite3_vfs_register.argtypes = [ctypes.c_void_p, ctypes.c_int]
    original = library.sqlite3_vfs_find(None)
    shim = ctypes.create_string_buffer(ctypes.string_at(original, _VFS_BYTES), _VFS_BYTES)
    shim_name = ctypes.c_char_p(b"forgetful")
    opened, deleted = _open(_at(original, _OPEN_AT)), _delete(_at(original, _DELETE_AT))
    for place, value in ((_NAME_AT, shim_name), (_OPEN_AT, opened), (_DELETE_AT, deleted)):
        ctypes.memmove(ctypes.byref(shim, place), ctypes.byref(value), _POINTER)
    RECORDER.alive += [shim, shim_name, opened, deleted]
    library.sqlite3_vfs_register(shim, 1)
    return True


def _at(address: int, offset: int) -> int:
    return ctypes.c_void_p.from_address(address + offset).value or 0


def _open(address: int) -> Any:
    really, methods = _XOPEN(address), dict[int, Any]()

    # Names stay addresses: SQLite keeps them, and reads its own parameters behind them.
    def opened(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        result: int = really(vfs, name, file, flags, out)
        theirs = _at(file, 0)
        if result == 0 and theirs and name is not None:
            RECORDER.paths[file] = ctypes.string_at(name).decode()
            ours = methods.setdefault(theirs, _watched(theirs))
            ctypes.c_void_p.from_address(file).value = ctypes.addressof(ours)
        return result

    return _XOPEN(opened)


def _delete(address: int) -> Any:
    really = _XDELETE(address)

    def deleted(vfs: int, name: int, sync_folder: int) -> int:
        RECORDER.say(Truncate(ctypes.string_at(name).decode(), -1))
        result: int = really(vfs, name, _DELETED)
        return result

    return _XDELETE(deleted)


def _watched(theirs: int) -> Any:
    copy = ctypes.create_string_buffer(ctypes.string_at(theirs, _METHODS), _METHODS)
    write, truncate = _XWRITE(_at(theirs, _WRITE * _POINTER)), _XTRUNCATE(_at(theirs, _TRUNCATE * _POINTER))

    def on_write(file: int, data: int, amount: int, offset: int) -> int:
        RECORDER.say(Write(RECORDER.paths[file], offset, ctypes.string_at(data, amount)))
        result: int = write(file, data, amount, offset)
        return result

    def on_truncate(file: int, size: int) -> int:
        RECORDER.say(Truncate(RECORDER.paths[file], size))
        result: int = truncate(file, size)
        return result

    def on_sync(file: int, flags: int) -> int:
        time.sleep(RECORDER.sync_s)
        RECORDER.say(Sync(RECORDER.paths[file]))
        return 0

    replaced = ((_WRITE, _XWRITE(on_write)), (_TRUNCATE, _XTRUNCATE(on_truncate)), (_SYNC, _XSYNC(on_sync)))
    for index, function in replaced:
        ctypes.memmove(ctypes.byref(copy, index * _POINTER), ctypes.byref(function), _POINTER)
        RECORDER.alive.append(function)
    RECORDER.alive.append(copy)
    return copy
