"""Memory that backtests have freed is kept for the next ones: getting it anew took a third of a long one's time."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's mallopt(3)
_KEPT = 1 << 29  # bytes that the process keeps, at most
_LARGEST, _LARGEST_OF_OLD = 1 << 28, 1 << 25  # bytes of an array that is made of kept memory; older glibc takes less


def keep_freed_memory() -> None:
    """Let this process keep up to 512 MB that it has freed. Where the C library is another than glibc, nothing happens.

    For what computes columns again and again; a process that runs for days has no need of it.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_TRIM_THRESHOLD, _KEPT)
    if not mallopt(_MMAP_THRESHOLD, _LARGEST):
        mallopt(_MMAP_THRESHOLD, _LARGEST_OF_OLD)
