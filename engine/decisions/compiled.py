"""How the machine is compiled: its steps call each other across the files of this room, and are kept on disk as one.

numba keeps what it compiled beside a function's file, and looks at that file alone to see whether it has changed. So
only the machine itself is kept, and its stamp is what all files of the room hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from engine.indicators.kernel import kernel

F = TypeVar("F", bound=Callable[..., object])


def step(function: F) -> F:
    """Compile a function that the machine calls; Python cannot call it."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, numba.njit(nogil=True, error_model="numpy", **options)(function))


def machine(function: F) -> F:
    """Compile the machine itself, with all its steps."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    compiled: Any = kernel(function)
    compiled._cache._cache_file._source_stamp = hashlib.sha256(sources).hexdigest()  # noqa: SLF001 - there is no other way
    return cast(F, compiled)
