"""Memory that is kept for the next backtest."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest

from engine.app.memory import keep_freed_memory

COLUMNS, LENGTH = 8, 2_600_000  # of one byte: below the size from which numpy asks for large pages


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries are left as they are")
def test_freed_memory_is_kept() -> None:
    """Columns that are made anew take the memory of those that are gone, and not fresh pages of the system's."""
    keep_freed_memory()
    _faults_of_columns()
    assert _faults_of_columns() < COLUMNS * LENGTH / 4096 / 10


def _faults_of_columns() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    columns = [np.full(LENGTH, i, dtype=np.int8) for i in range(COLUMNS)]
    assert columns[-1][-1] == COLUMNS - 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
