"""What the machine is told once, and the columns it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.market import Bars
from engine.market.bars import Column

Truth = NDArray[np.int8]


class Settings(NamedTuple):
    """How orders are sized, held and filled. Plain numbers, so that the compiled step is one for all rules."""

    tick: float = 0.0  # price step; 0 does not round
    lot: float = 0.0  # amount step; 0 does not round
    commission: float = 0.0  # share of the traded value, per fill
    slippage: float = 0.0  # price distance that market and stop fills are worse by
    size_in_percent: bool = True
    has_take_profit: bool = False
    has_stop_loss: bool = False
    platform_holds_bracket: bool = True  # futures: profit and loss travel with the order; spot: the engine watches
    may_borrow: bool = True  # futures: an order may be worth more than the equity


class Columns(NamedTuple):
    """Candles and the plan's outputs, as contiguous columns of one length."""

    time: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    long_enter: Truth
    long_exit: Truth
    short_enter: Truth
    short_exit: Truth
    long_take_profit: Column
    long_stop_loss: Column
    short_take_profit: Column
    short_stop_loss: Column
    size: Column


def columns_of(bars: Bars, outputs: Mapping[str, Column]) -> Columns:
    """Put candles and the outputs of a rule's plan (see rules/assemble.py) side by side: levels in percent only."""
    na, close = np.full(len(bars), np.nan), bars.close
    levels = {}
    for side, sign in (("long", 1.0), ("short", -1.0)):
        for what, direction in (("take_profit", sign), ("stop_loss", -sign)):
            percent = outputs.get(f"{side}.{what}.0")
            levels[f"{side}_{what}"] = na if percent is None else close * (1.0 + direction * percent / 100.0)
    signals = {f"{side}_{what}": outputs[f"{side}.{what}"] for side in ("long", "short") for what in ("enter", "exit")}
    size = outputs.get("long.size", outputs.get("short.size", na))
    return Columns(bars.time, bars.open, bars.high, bars.low, bars.close, **signals, **levels, size=size)  # type: ignore[arg-type]  # conditions are int8
