"""How the machine is compiled: its steps call each other across the files of this room, and are kept on disk as one.

numba keeps what it compiled beside a function's file, and looks at that file alone to see whether it has changed. So
only the machine itself is kept, and its stamp is what all files of the room hold.

None of it allocates, and numba is told so: it then counts no references to the arrays that steps hand each other, which
would take most of the time. What would allocate after all does not compile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def step(function: F) -> F:
    """Compile a function that the machine calls; Python cannot call it."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def part(function: F) -> F:
    """Compile a function as a part of the one place that calls it: nothing is handed over."""
    return _compiled(function, inline="always")


def machine(function: F) -> F:
    """Compile the machine itself, with all its steps."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    compiled: Any = _compiled(function, cache=True)
    compiled._cache._cache_file._source_stamp = hashlib.sha256(sources).hexdigest()  # noqa: SLF001 - there is no other way
    return cast(F, compiled)


def _compiled(function: F, **more: Any) -> F:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False, **more}
    return cast(F, numba.njit(**options)(function))
