"""Ask the processor for what is read soon: where the loop jumps from bar to bar, it would wait for memory each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

LINE = 8
"""How many bars of a column a line of the cache holds."""
AHEAD = 2 * LINE
"""How many bars ahead."""
_BYTE, _INT = ir.IntType(8).as_pointer(), ir.IntType(32)
_READ, _KEEP, _DATA = _INT(0), _INT(3), _INT(1)


def _prefetch(_: Any, column: Any, index: Any) -> Any:  # noqa: ARG001 - an int, whichever
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, (values, at), of = signature.args[0], arguments, cast(Any, cgutils)
        array = context.make_array(kind)(context, builder, values)
        place = of.get_item_pointer(context, builder, kind, array, [at], wraparound=False, boundscheck=False)
        form = ir.FunctionType(ir.VoidType(), [_BYTE, _INT, _INT, _INT])
        called = of.get_or_insert_function(builder.module, form, "llvm.prefetch.p0i8")
        builder.call(called, [builder.bitcast(place, _BYTE), _READ, _KEEP, _DATA])
        return context.get_dummy_value()

    return types.none(column, types.intp), build


prefetch = cast("Callable[[NDArray[Any], int], None]", intrinsic(_prefetch))
"""Bring an element of a column near. It reads nothing: an index beyond the column does no harm."""
