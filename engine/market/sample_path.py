"""The synthetic price path that sample candles are cut from: minutes in weekly blocks, seconds in hourly ones.

Every block is drawn from its own seed, and the level at each week's start is a function of that week's number alone.
So any block can be made without those before it, and still starts exactly where the one before it ends.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float64]  # rows: open, high, low, close in ticks, volume in lots; one column a minute (or second)

START_MS = 1_704_067_200_000  # 2024-01-01, a Monday and the start of a month: every grid of bars has a start there
MINUTE_MS, SECOND_MS = 60_000, 1_000
WEEK, HOUR = 7 * 24 * 60, 60 * 60  # minutes of a weekly block, seconds of an hourly one
TICKS, LOTS = 10.0, 1_000.0  # ticks in a price of 1, lots in an amount of 1: whole numbers add up exactly

_LEVEL = np.log(60_000.0)
# up, down, sideways, volatile: drift a minute, and the usual size of a minute's return
_DRIFT = np.array([0.03, -0.03, 0.0, 0.0]) / 1_440
_SIZE = np.array([0.00040, 0.00045, 0.00025, 0.00100])


@lru_cache(maxsize=64)
def week_of_minutes(seed: int, symbol: str, week: int) -> Block:
    """Give the minutes of a week, counted from START_MS: a bridge of fat-tailed returns from its level to the next."""
    rng = _rng(seed, symbol, 1, week)
    lengths = rng.integers(360, 2_161, 28)  # minutes; even 28 of the shortest fill the week
    regime = rng.integers(0, 4, 28)
    activity, above, below = rng.standard_exponential((3, WEEK), dtype=np.float32)
    activity += 0.5  # one cause of large returns, long wicks and volume alike
    size = np.repeat(_SIZE[regime] / 1.8, lengths)[:WEEK] * activity  # 1.8: the root mean square of `activity`
    returns = size * rng.standard_normal(WEEK, dtype=np.float32) + np.repeat(_DRIFT[regime], lengths)[:WEEK]
    start, end = _level(seed, symbol, week), _level(seed, symbol, week + 1)
    path = np.concatenate([[start], start + np.cumsum(returns + (end - start - returns.sum()) / WEEK)])
    path[-1] = end
    ticks = np.rint(np.exp(path) * TICKS)
    opens, closes = ticks[:-1], ticks[1:]
    reach = 0.5 * size * opens
    highs = np.rint(np.maximum(opens, closes) + reach * above)
    lows = np.rint(np.minimum(opens, closes) - reach * below)
    lots = np.rint(LOTS * (0.2 + 8_000 * (highs - lows) / opens) * (0.6 + 0.4 * activity))
    return _frozen(opens, highs, lows, closes, lots)


@lru_cache(maxsize=64)
def hour_of_seconds(seed: int, symbol: str, hour: int) -> Block:
    """Give the seconds of an hour, counted from START_MS, such that they add up to its minutes exactly."""
    week, first = divmod(hour * 60, WEEK)
    minutes = week_of_minutes(seed, symbol, week)[:, first : first + 60, None]
    opens, highs, lows, closes, lots = minutes
    done = np.arange(1, 61) / 60
    walk = np.cumsum(_rng(seed, symbol, 2, hour).standard_normal((60, 60)), axis=1)
    path = opens + (closes - opens) * done + (walk - walk[:, -1:] * done) * (highs - lows) / 8
    ends = np.rint(np.clip(path, lows, highs))
    ends[:, -1:] = closes
    starts = np.concatenate([opens, ends[:, :-1]], axis=1)
    top, bottom = np.maximum(starts, ends), np.minimum(starts, ends)
    np.put_along_axis(top, top.argmax(axis=1)[:, None], highs, axis=1)
    np.put_along_axis(bottom, bottom.argmin(axis=1)[:, None], lows, axis=1)
    share = top - bottom + 1
    parts = np.floor(lots * share / share.sum(axis=1, keepdims=True))
    parts[:, -1:] += lots - parts.sum(axis=1, keepdims=True)
    return _frozen(starts.ravel(), top.ravel(), bottom.ravel(), ends.ravel(), parts.ravel())


@lru_cache(maxsize=1_024)
def _level(seed: int, symbol: str, week: int) -> float:
    """Give the log price at the start of a week: slow waves around one level, so decades stay in one range."""
    slow, fast = _phases(seed, symbol)
    waves = 0.22 * np.sin(2 * np.pi * (week / 38 + slow)) + 0.10 * np.sin(2 * np.pi * (week / 11 + fast))
    return float(_LEVEL + waves + 0.03 * _rng(seed, symbol, 4, week).standard_normal())


@lru_cache(maxsize=64)
def _phases(seed: int, symbol: str) -> tuple[float, float]:
    slow, fast = _rng(seed, symbol, 3, 0).random(2)
    return float(slow), float(fast)


def _rng(seed: int, symbol: str, use: int, block: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(symbol.encode()), use, block])


def _frozen(*rows: NDArray[np.float64]) -> Block:
    block = np.stack(rows)
    block.flags.writeable = False  # it is cached: whoever changed it would change the market
    return block
