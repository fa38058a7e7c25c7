"""What names mean in every expression, and which names of Pine's have no meaning yet."""

from __future__ import annotations

from engine.indicators import FALSE, TA, TRUE, Kind
from engine.rules.nodes import CANDLE, Constant
from engine.rules.operators import OPERATIONS

NAN = float("nan")
CONSTANTS = {
    "true": Constant(Kind.CONDITION, TRUE),
    "false": Constant(Kind.CONDITION, FALSE),
    "na": Constant(Kind.SERIES, NAN),
    "math.pi": Constant(Kind.SERIES, 3.141592653589793),
    "math.e": Constant(Kind.SERIES, 2.718281828459045),
}
CALLABLE = frozenset(name for name in OPERATIONS if name.startswith("math.") or name in ("na", "nz"))
FUNCTIONS = (*(f"ta.{name}" for name in TA), *TA, *sorted(CALLABLE))

_PINE_TA = (
    "accdist alma atr barssince bb bbw cci change cmo cog correlation cross crossover crossunder cum dev "
    "dmi ema falling highest highestbars hma iii kc kcw linreg lowest lowestbars macd max median mfi min "
    "mode mom nvi obv percentile_linear_interpolation percentile_nearest_rank percentrank "
    "pivot_point_levels pivothigh pivotlow pvi pvt range rci rising rma roc rsi sar sma stdev stoch "
    "supertrend swma tr tsi valuewhen variance vwap vwma wad wma wpr wvad "
)
PINE_TA = frozenset(_PINE_TA.split())
_LATER = frozenset({"bar_index", "fixnan", "math.avg", "math.sum", "math.round_to_mintick"})
_LATER_ROOTS = frozenset({"position", "request", "strategy", "syminfo"})

# A name of the `ta` namespace may be defined, as in Pine: the bare word is then the definition, `ta.` the function.
RESERVED = frozenset({*CANDLE, *CONSTANTS, *OPERATIONS, *_LATER, *_LATER_ROOTS, "ta", "math", "pandas_ta"})


def not_yet(dotted: str) -> bool:
    """Tell whether a name is one of Pine's, or of the language to come, that this version does not have."""
    name = dotted.removeprefix("ta.")
    return (name in PINE_TA and name not in TA) or name in _LATER or dotted.split(".", 1)[0] in _LATER_ROOTS
