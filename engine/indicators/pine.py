"""The indicators of Pine's `ta` namespace, by name. Each file of kernels lists its own in FUNCTIONS.

A file is imported when one of its indicators is first asked for: to get the kernels of all files ready takes longer
than a short backtest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from engine.indicators.function import Function

_FILES = {
    "alma": ("alma", "swma"),
    "averages": ("sma", "ema", "rma"),
    "bollinger": ("bb", "bbw"),
    "cmo": ("cmo",),
    "cog": ("cog",),
    "correlation": ("correlation",),
    "cross": ("cross", "crossover", "crossunder"),
    "deviation": ("stdev", "variance"),
    "dmi": ("dmi",),
    "events": ("barssince", "valuewhen"),
    "extremes": ("highest", "lowest", "highestbars", "lowestbars"),
    "intraday": ("iii", "wvad"),
    "keltner": ("kc", "kcw"),
    "linreg": ("linreg",),
    "macd": ("macd",),
    "mean_deviation": ("cci", "dev"),
    "mfi": ("mfi",),
    "momentum": ("change", "mom", "roc"),
    "percentiles": ("percentile_linear_interpolation", "percentile_nearest_rank", "percentrank"),
    "pivot_levels": ("pivot_point_levels",),
    "pivots": ("pivothigh", "pivotlow"),
    "rank_correlation": ("rci",),
    "rsi": ("rsi",),
    "sar": ("sar",),
    "since_start": ("cum", "max", "min"),
    "sorted_window": ("median", "mode"),
    "stochastic": ("range", "stoch", "wpr"),
    "streak": ("rising", "falling"),
    "supertrend": ("supertrend",),
    "true_range": ("tr", "atr"),
    "tsi": ("tsi",),
    "volume_index": ("nvi", "pvi"),
    "volume_totals": ("obv", "accdist", "pvt", "wad"),
    "vwap": ("vwap",),
    "vwma": ("vwma",),
    "wma": ("hma", "wma"),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}


class _Pine(Mapping[str, Function]):
    """Name → function, as a dict of them would be; asking which names there are imports nothing."""

    def __init__(self) -> None:
        self._found: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        if name not in self._found:
            file = import_module(f"engine.indicators.{_FILE_OF[name]}")
            self._found |= {function.name: function for function in file.FUNCTIONS}
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in _FILE_OF

    def __iter__(self) -> Iterator[str]:
        return iter(_FILE_OF)

    def __len__(self) -> int:
        return len(_FILE_OF)


TA: Mapping[str, Function] = _Pine()
