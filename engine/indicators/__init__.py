"""Indicators with TradingView's values: our kernels for Pine's `ta` namespace, pandas-ta for the rest. Pure."""

from engine.indicators.function import Function, Kind, Parameter
from engine.indicators.kernel import FALSE, TRUE, UNKNOWN, Truth
from engine.indicators.pine import TA

__all__ = ["FALSE", "TA", "TRUE", "UNKNOWN", "Function", "Kind", "Parameter", "Truth"]
