"""Indicators with TradingView's values: our kernels for Pine's `ta` namespace, pandas-ta for the rest. Pure."""

from engine.indicators.function import SERIES_KINDS, Endless, Function, Kind, Parameter
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Truth
from engine.indicators.pine import TA

__all__ = ["FALSE", "SERIES_KINDS", "TA", "TRUE", "UNKNOWN", "Endless", "Function", "Kind", "Parameter", "Truth"]
