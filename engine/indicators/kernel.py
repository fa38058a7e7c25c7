"""How kernels are compiled, and the three truth values they share.

A kernel is a plain function over contiguous float64 columns of one length, oldest first, na as NaN; it gives new
columns of that length. Compiled once, kept on disk, without Python's lock while it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys
from numpy.typing import NDArray

from engine.market.bars import Column

Truth = NDArray[np.int8]

# Kleene's logic as numbers: `and` is the minimum, `or` the maximum, `not x` is 2 - x. Only TRUE acts.
FALSE, UNKNOWN, TRUE = 0, 1, 2

# How much of its seed a decaying average may still hold when its value counts as warm: of a price, and of ranges and
# changes, whose seed may be some hundred times what they are when the market has calmed down.
SEED_LEFT = 1e-9
SEED_LEFT_OF_CHANGES = 1e-12

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a function with numba; the result is called like the function."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    cache: Any = _Cache
    compiled._cache = cache(function)  # noqa: SLF001 - as `cache=True` does, with numba's own class
    return cast(F, compiled)


class _Cache(FunctionCache):
    """numba's cache on disk, which loads a kernel without getting ready to compile one.

    numba imports all that it can compile before it loads the first kernel: an eighth of the processor time of a
    backtest of 500 candles. What is compiled already needs only the counting of references to arrays; and whatever is
    compiled after all imports the rest then.
    """

    def load_overload(self, sig: object, target_context: object) -> object:
        """Give a kernel that was compiled for these types; None where there is none."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            load: Any = self._load_overload
            return load(sig, target_context)


def inlined(function: F) -> F:
    """Compile a function as a part of the kernels of its file that call it."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function))


def decay_bars(alpha: float, left: float = SEED_LEFT) -> int:
    """Count the bars after which a moving average that forgets at rate `alpha` has `left` of its seed left."""
    return 0 if alpha >= 1 else math.ceil(math.log(left) / math.log1p(-alpha))


__all__ = ["FALSE", "SEED_LEFT_OF_CHANGES", "TRUE", "UNKNOWN", "Column", "Truth", "decay_bars", "inlined", "kernel"]
