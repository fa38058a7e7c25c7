"""The indicators of Pine's `ta` namespace, by name. A new one is a kernel and a line here."""

from __future__ import annotations

import math

from engine.indicators.averages import ema, rma, sma
from engine.indicators.cross import crossover, crossunder
from engine.indicators.function import Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, decay_bars
from engine.indicators.rsi import rsi
from engine.indicators.supertrend import supertrend
from engine.indicators.true_range import atr, tr

_SOURCE = Parameter("source", Kind.SERIES)
_LENGTH = Parameter("length", Kind.LENGTH)
_PAIR = (Parameter("source1", Kind.SERIES), Parameter("source2", Kind.SERIES))
_CANDLE = ("high", "low", "close")


def _rma_memory(length: int) -> int:
    return length - 1 + decay_bars(1 / length)


def _changes_memory(length: int) -> int:
    """Of an rma of ranges or changes, which look one bar back."""
    return length + decay_bars(1 / length, SEED_LEFT_OF_CHANGES)


def _supertrend_memory(factor: float, length: int) -> int:
    # The bands are forgotten when the side changes. A walk leaves a band of `factor` ATRs after some factor² bars,
    # whatever the length, and the chance to wait longer falls exponentially. The longest wait beyond 1e-9 of the ATR's
    # memory in 21,600 restarts (factors 1 to 6, lengths 5 to 30; eurusd, btcusdt, the sample market) was
    # 4.2 factor²; tests/indicators/test_memory.py restarts anew.
    return 1 + _rma_memory(length) + math.ceil(12 * factor * factor)


_ALL = (
    Function("sma", (_SOURCE, _LENGTH), sma, lambda length: length - 1),
    Function("ema", (_SOURCE, _LENGTH), ema, lambda length: length - 1 + decay_bars(2 / (length + 1))),
    Function("rma", (_SOURCE, _LENGTH), rma, _rma_memory),
    Function("rsi", (_SOURCE, _LENGTH), rsi, _changes_memory),
    Function("tr", (Parameter("handle_na", Kind.FLAG, "false"),), tr, lambda _handle_na: 1, reads=_CANDLE),
    Function("atr", (_LENGTH,), atr, _changes_memory, reads=_CANDLE),
    Function("crossover", _PAIR, crossover, lambda: 1, result=Kind.CONDITION),
    Function("crossunder", _PAIR, crossunder, lambda: 1, result=Kind.CONDITION),
    Function(
        "supertrend",
        (Parameter("factor", Kind.CONSTANT), Parameter("atrPeriod", Kind.LENGTH)),
        supertrend,
        _supertrend_memory,
        reads=_CANDLE,
        outputs=("value", "direction"),
    ),
)

TA: dict[str, Function] = {function.name: function for function in _ALL}
