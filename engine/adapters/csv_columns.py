"""What stands in the columns of a candle CSV: which is which, and times in whatever way they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.documents import did_you_mean
from engine.market import Timeframe

if TYPE_CHECKING:
    import pandas as pd

TIME_NAMES = ("time", "timestamp", "date", "datetime")
NEEDED = ("open", "high", "low", "close")
_SECONDS_BELOW = 1e11  # as seconds the year 5138, as milliseconds 1973
_MILLISECONDS_BELOW = 1e14
_DATES = (19_000_101, 21_001_231)  # 20240131 is meant as a date, not as a day in 1970
_LENGTHS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}


def columns_of(header: list[str]) -> dict[str, int]:
    """Give the position of time, open, high, low, close and, if there is one, volume. Errors: ValueError, in words."""
    names = [name.strip().lower() for name in header]
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise ValueError("the columns must be separated by commas")
    times = [name for name in TIME_NAMES if name in names]
    if not times:
        raise ValueError(
            f"there is no column 'time' (or {', '.join(TIME_NAMES[1:])}); the header is: {','.join(header)}"
        )
    missing = [name for name in NEEDED if name not in names]
    if missing:
        hint = did_you_mean(missing[0], names)
        raise ValueError(
            f"there is no column '{missing[0]}'; the header is: {','.join(header)}" + (f"; {hint}" if hint else "")
        )
    wanted = [times[0], *NEEDED, *(["volume"] if "volume" in names else [])]
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise ValueError(f"column '{twice[0]}' stands twice in the header; remove one")
    return {"time" if name == times[0] else name: names.index(name) for name in wanted}


def times_ms(column: pd.Series) -> NDArray[np.float64]:
    """Give times in milliseconds since the epoch, from texts in ISO 8601 or from numbers; NaN where a cell is none."""
    import pandas as pd  # noqa: PLC0415 - slow to load, and not needed for files of numbers

    if pd.to_numeric(column.iloc[:8], errors="coerce").isna().all():
        moments = pd.DatetimeIndex(pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")).as_unit("ms")
        since_epoch: NDArray[np.float64] = moments.asi8.astype(np.float64)
        since_epoch[moments.isna()] = np.nan
        return since_epoch
    return numbers_ms(pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, copy=True))


def numbers_ms(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give times in milliseconds since the epoch; NaN where a number is no time. Changes `numbers`.

    They are seconds or milliseconds, one of the two for the whole column: the middle one decides.
    """
    size = np.abs(numbers)
    middle = np.nanmedian(size)
    dates = bool(_DATES[0] <= middle <= _DATES[1]) and bool(np.all(numbers[np.isfinite(numbers)] % 1 == 0))
    numbers[~np.isfinite(numbers) | (size >= _MILLISECONDS_BELOW) | dates] = np.nan
    milliseconds: NDArray[np.float64] = np.rint(numbers * 1_000 if middle < _SECONDS_BELOW else numbers)
    return milliseconds


def timeframe_of(time: NDArray[np.int64]) -> Timeframe | None:
    """Give the timeframe that most rows are apart; None where there are no two rows in order, or it is none."""
    steps = np.diff(time)
    steps = steps[steps > 0]
    if not len(steps):
        return None
    if steps.min() >= 28 * _LENGTHS_MS["d"]:
        months = time.astype("datetime64[ms]").astype("datetime64[M]")
        if np.array_equal(months.astype("datetime64[ms]").astype(np.int64), time):
            counted: NDArray[np.int64] = months.astype(np.int64)
            return Timeframe(_most_common(np.diff(counted)), "M")
    step = _most_common(steps)
    fitting = [unit for unit, length in _LENGTHS_MS.items() if step % length == 0]
    return Timeframe(step // _LENGTHS_MS[fitting[0]], fitting[0]) if fitting else None


def misfit(time: NDArray[np.int64], timeframe: Timeframe) -> str:
    """Say that rows so far apart are no candles of `timeframe`; "" where they may be."""
    usual = timeframe_of(time)
    steps = np.diff(time)
    finer = usual is not None and usual.length_ms < timeframe.length_ms
    coarser = len(time) >= 3 and bool(np.all(steps > timeframe.length_ms)) and timeframe.unit != "M"
    return f"these look like {usual} candles, not {timeframe}; state the right timeframe" if finer or coarser else ""


def _most_common(values: NDArray[np.int64]) -> int:
    kinds, counts = np.unique(values[values > 0], return_counts=True)
    return int(kinds[counts.argmax()])
