"""Paths that are written in a file, and meant from where it stands."""

from __future__ import annotations

import os
from pathlib import Path


def from_here(folder: str | Path, written: str) -> str:
    """Give what a file in `folder` means by `written`, as a person would write it: ../state, not configs/../state.

    Where a folder on the way is a link, `..` leads elsewhere than it reads, so the path stays as it is.
    """
    joined = os.path.join(folder, written)  # noqa: PTH118 - pathlib has nothing that takes `..` out as it reads
    short = os.path.normpath(joined)
    try:
        same = os.path.realpath(short) == os.path.realpath(joined)
    except ValueError:  # no path that a file can have: whoever opens it says so
        same = False
    return short if same else str(Path(joined))
