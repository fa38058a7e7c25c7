"""Indicators with TradingView's values: our kernels for Pine's `ta` namespace, pandas-ta for the rest. Pure."""

from engine.indicators.function import NEW_DAY, SERIES_KINDS, Endless, Follows, Function, Kind, Parameter
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Truth
from engine.indicators.pine import TA

__all__ = [
    "FALSE",
    "NEW_DAY",
    "SERIES_KINDS",
    "TA",
    "TRUE",
    "UNKNOWN",
    "Endless",
    "Follows",
    "Function",
    "Kind",
    "Parameter",
    "Truth",
]
