"""What names mean in every expression."""

from __future__ import annotations

import math

from engine.indicators import FALSE, TA, TRUE, Function, Kind
from engine.rules.calendar_parts import PARTS, WEEKDAYS
from engine.rules.lookback import LOOKBACK
from engine.rules.nodes import CANDLE, Constant
from engine.rules.operators import OPERATIONS

NAN = float("nan")
CONSTANTS = {
    "true": Constant(Kind.CONDITION, TRUE),
    "false": Constant(Kind.CONDITION, FALSE),
    "na": Constant(Kind.SERIES, NAN),
    "math.pi": Constant(Kind.SERIES, math.pi),
    "math.e": Constant(Kind.SERIES, math.e),
    "math.phi": Constant(Kind.SERIES, (1 + math.sqrt(5)) / 2),
    "math.rphi": Constant(Kind.SERIES, 1 / ((1 + math.sqrt(5)) / 2)),
    **{f"dayofweek.{name}": Constant(Kind.SERIES, float(i)) for i, name in enumerate(WEEKDAYS, 1)},
}
TIMEFRAME = frozenset(
    f"timeframe.{name}"
    for name in ("multiplier", "isseconds", "isminutes", "isintraday", "isdaily", "isweekly", "ismonthly", "isdwm")
)
"""Names that the timeframe gives a value to."""
MINTICK = "syminfo.mintick"

CALLABLE = frozenset(
    name for name in OPERATIONS if name.startswith("math.") or name in ("na", "nz", "timestamp") or name in PARTS
)
"""Functions that look at one bar at a time."""
FUNCTIONS = (*(f"ta.{name}" for name in TA), *TA, *sorted({*CALLABLE, *LOOKBACK} - {"bar_index"}))

_ROOTS = frozenset(
    {
        "ta",
        "math",
        "pandas_ta",
        "strategy",
        "syminfo",
        "timeframe",
        "session",
        "barstate",
        "input",
        "position",
        "request",
    }
)

# A name of the `ta` namespace may be defined, as in Pine: the bare word is then the definition, `ta.` the function.
RESERVED = frozenset({*CANDLE, *CONSTANTS, *OPERATIONS, *LOOKBACK, *_ROOTS})


def function_named(name: str) -> Function | None:
    """Give the indicator, or other function that looks back, of that name; `ta.` may be left out."""
    if name in LOOKBACK:
        return LOOKBACK[name]
    return TA[short] if (short := name.removeprefix("ta.")) in TA else None
