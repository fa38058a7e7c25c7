"""The sample market: candles that no exchange ever saw, for demos and tests without a network.

They are synthetic, made by a seeded generator, and prove nothing about whether a strategy earns money. They have
what breaks careless code: regimes (up, down, sideways, volatile), fat-tailed returns, wicks, volume that goes with
the range, and, when asked for, missing bars. They are anchored in time: a bar is the same whichever window it is
asked for in, and a bar of any timeframe is exactly the sum of the finer bars inside it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from engine.market import sample_path
from engine.market.bars import Bars
from engine.market.instrument import Instrument
from engine.market.timeframe import Timeframe

SAMPLE_START_MS = sample_path.START_MS
"""The first candle opens here (2024-01-01 UTC): the sample market was "listed" then."""

_CHUNK_MS = 16 * 7 * 86_400_000  # path that is held in memory at a time
_UNITS = np.array([sample_path.TICKS] * 4 + [sample_path.LOTS])[:, None]
_ONE_BAR_IN = 50  # of how many bars one is missing where gaps are asked for


def sample_instrument(symbol: str) -> Instrument:
    """Give tick (0.1) and lot (0.001) of any sample symbol; all of them trade around 60,000."""
    return Instrument(symbol, Decimal("0.1"), Decimal("0.001"))


def sample_bars(
    symbol: str, timeframe: Timeframe, start_ms: int, count: int, seed: int = 7, *, gaps: bool = False
) -> Bars:
    """Give `count` bars, the first opening at or after `start_ms` and SAMPLE_START_MS. `seed` is 0 or more.

    With `gaps` one in fifty of them is left out, always the same ones. A bar costs about as long as its minutes.
    """
    grid = _grid(timeframe, start_ms, count)
    chunk = max(1, _CHUNK_MS // timeframe.length_ms)
    path = _minutes(seed, symbol) if timeframe.length_ms % sample_path.MINUTE_MS == 0 else _seconds(seed, symbol)
    parts = [_cut(path, grid[at : at + chunk + 1]) for at in range(0, max(count, 0), chunk)]
    table = np.concatenate([np.empty((5, 0)), *parts], axis=1)
    bars = Bars(timeframe, grid[:-1], *(table / _UNITS))
    return _without_some(bars, zlib.crc32(f"{seed} {symbol} {timeframe}".encode())) if gaps else bars


@dataclass(frozen=True, slots=True)
class _Path:
    """Blocks of one resolution: `block(i)` holds `block_steps` steps of `step_ms`, from SAMPLE_START_MS on."""

    block: Callable[[int], NDArray[np.float64]]
    block_steps: int
    step_ms: int


def _minutes(seed: int, symbol: str) -> _Path:
    return _Path(lambda i: sample_path.week_of_minutes(seed, symbol, i), sample_path.WEEK, sample_path.MINUTE_MS)


def _seconds(seed: int, symbol: str) -> _Path:
    return _Path(lambda i: sample_path.hour_of_seconds(seed, symbol, i), sample_path.HOUR, sample_path.SECOND_MS)


def _grid(timeframe: Timeframe, start_ms: int, count: int) -> NDArray[np.int64]:
    """Give `count` open times and the end of the last bar."""
    start_ms = max(start_ms, SAMPLE_START_MS)
    first = timeframe.floor(start_ms)
    if first < start_ms:
        first = timeframe.next(first)
    if timeframe.unit == "M":
        return np.array([timeframe.shift(first, i) for i in range(max(count, 0) + 1)], dtype=np.int64)
    return first + timeframe.length_ms * np.arange(max(count, 0) + 1, dtype=np.int64)


def _cut(path: _Path, grid: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum the path's steps up to bars between the times of `grid`."""
    edges = (grid - SAMPLE_START_MS) // path.step_ms
    first, last = int(edges[0]) // path.block_steps, int(edges[-1] - 1) // path.block_steps
    steps = np.concatenate([path.block(i) for i in range(first, last + 1)], axis=1)
    edges -= first * path.block_steps
    steps = steps[:, : edges[-1]]
    starts = edges[:-1]
    opens, highs, lows, closes, lots = steps
    return np.stack(
        [
            opens[starts],
            np.maximum.reduceat(highs, starts),
            np.minimum.reduceat(lows, starts),
            closes[edges[1:] - 1],
            np.add.reduceat(lots, starts),
        ]
    )


def _without_some(bars: Bars, key: int) -> Bars:
    """Leave out the bars that a hash of their open time picks, so that a window does not change which."""
    mixed = (bars.time // 1_000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    kept = (mixed >> np.uint64(33)) % np.uint64(_ONE_BAR_IN) != 0
    return Bars(bars.timeframe, bars.time[kept], *(column[kept] for column in bars.columns()))
