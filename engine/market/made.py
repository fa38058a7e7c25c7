"""Candles that are made to show something: closes on straight lines, one after the other. Pure.

Everything follows from what is given; nothing is drawn at random. Prices stand on multiples of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars, Column
from engine.market.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class Line:
    """Closes on a straight line to `end`, in `bars` candles; `level` ones all stand at it.

    With `swing_percent` they stand above the line and below it by turns, by that share of it.
    """

    end: float
    bars: int
    level: bool = True
    swing_percent: float = 0.0


def closes_on(lines: Sequence[Line], step: float) -> Column:
    """Give the closes of these lines, each rounded to the step. A line starts where the one before it ended.

    Errors: ValueError where the first one is not level, and so has nowhere to start from.
    """
    if not lines[0].level:
        raise ValueError("the first line has nowhere to start from")
    columns = []
    before = lines[0].end
    for line in lines:
        share = np.ones(line.bars) if line.level else np.arange(1, line.bars + 1) / line.bars
        sign = np.where(np.arange(line.bars) % 2, -1.0, 1.0)
        on_line = before + (line.end - before) * share
        columns.append(on_line * (1.0 + sign * line.swing_percent / 100.0))
        before = line.end
    return _stepped(np.concatenate(columns), step)


def candles_of(closes: Column, wick_percent: float, step: float) -> Column:
    """Give rows of open, high, low, close: each candle opens at the close before it, the first at its own.

    Wicks reach beyond open and close by a share of the price.
    """
    opens = np.concatenate([closes[:1], closes[:-1]])
    high = _stepped(np.maximum(opens, closes) * (1.0 + wick_percent / 100.0), step)
    low = _stepped(np.minimum(opens, closes) * (1.0 - wick_percent / 100.0), step)
    return np.column_stack([opens, high, low, closes])


def bars_around(timeframe: Timeframe, start_ms: int, before: int, rows: Column) -> Bars:
    """Put rows of open, high, low, close, volume on the grid of times: the one after the first `before` opens at start.

    Errors: ValueError where the first would open before the calendar's first year.
    """
    if timeframe.unit == "M":
        time = np.array([timeframe.shift(start_ms, i - before) for i in range(len(rows))], dtype=np.int64)
    else:
        time = start_ms + (np.arange(len(rows), dtype=np.int64) - before) * timeframe.length_ms
    return Bars(timeframe, time, *(np.ascontiguousarray(column, dtype=np.float64) for column in rows.T))


def _stepped(prices: Column, step: float) -> Column:
    """Give the nearest multiples of the step, as the floats nearest to the decimals: 3 steps of 0.1 are 0.3."""
    in_one = round(1.0 / step)
    if in_one and abs(in_one * step - 1.0) < 1e-9:
        return np.asarray(np.rint(prices * in_one) / in_one, dtype=np.float64)
    return np.asarray(np.rint(prices / step) * step, dtype=np.float64)
