"""How two numbers compare on every bar: one compiled pass, whichever comparison it is.

A comparison is told by what it gives where the left side is below, within 1e-10 of, and above the right side; where one
of them is na, it is unknown. Pine's comparisons have this tolerance (measured on TradingView by PyneCore's authors).
"""

from __future__ import annotations

import numpy as np

from engine.indicators.kernel import UNKNOWN, Column, Truth, kernel

TOLERANCE = 1e-10


@kernel
def compare(left: Column, right: Column, below: int, within: int, above: int) -> Truth:
    """Compare two columns."""
    given = np.empty(len(left), dtype=np.int8)
    for i in range(len(left)):
        difference = left[i] - right[i]
        known = within if abs(difference) <= TOLERANCE else UNKNOWN
        given[i] = below if difference < -TOLERANCE else above if difference > TOLERANCE else known
    return given


@kernel
def compare_level(left: Column, right: float, below: int, within: int, above: int) -> Truth:
    """Compare a column with a number."""
    given = np.empty(len(left), dtype=np.int8)
    for i in range(len(left)):
        difference = left[i] - right
        known = within if abs(difference) <= TOLERANCE else UNKNOWN
        given[i] = below if difference < -TOLERANCE else above if difference > TOLERANCE else known
    return given
