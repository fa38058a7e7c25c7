"""The past, played through the machine: trades, equity, statistics, and the messages that would have been sent."""

from engine.backtest.definition import RunDefinition
from engine.backtest.run import Result, backtest
from engine.backtest.statistics import Statistics
from engine.backtest.trades import Trade

__all__ = ["Result", "RunDefinition", "Statistics", "Trade", "backtest"]
