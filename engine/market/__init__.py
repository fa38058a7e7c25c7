"""Candles, the grid of times they stand on, and what is traded. Pure."""

from engine.market.bars import Bars
from engine.market.instrument import Instrument
from engine.market.integrity import Fault, faults
from engine.market.kind import MarketKind
from engine.market.timeframe import Timeframe

__all__ = ["Bars", "Fault", "Instrument", "MarketKind", "Timeframe", "faults"]
