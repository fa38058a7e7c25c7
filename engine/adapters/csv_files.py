"""Candles in CSV files: ours, TradingView's exports, freqtrade's, and most others.

The header names the columns, in any case and order: time (or timestamp, date, datetime), open, high, low, close, and
volume, which may be missing and is 0 then. Other columns are ignored. Times are seconds or milliseconds since the
epoch, or ISO 8601 (UTC where no zone is given).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from engine.adapters.csv_columns import NEEDED, columns_of, timeframe_of, times_ms
from engine.adapters.csv_faults import misfit, refuse
from engine.market import Bars, Timeframe, faults

# Older pandas gets the last digit wrong unless told otherwise; newer pandas gets it right and warns when told.
_PRECISION: Literal["round_trip"] | None = (
    "round_trip" if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1) else None
)


def read_csv(path: Path | str, timeframe: Timeframe | None = None) -> Bars:
    """Read candles, checked whole; without `timeframe` it is the most common distance of two rows.

    Errors: InvalidCandlesError naming file, line (as an editor counts) and column of the first faults.
    """
    path = Path(path)
    bars = _fast(path, timeframe)
    return bars if bars is not None else refuse(path, timeframe)


def write_csv(path: Path | str, bars: Bars) -> None:
    """Write candles, times in milliseconds, such that `read_csv` reads the same bits."""
    opens, highs, lows, closes, volume = bars.columns()
    table = {"time": bars.time, "open": opens, "high": highs, "low": lows, "close": closes, "volume": volume}
    pd.DataFrame(table).to_csv(path, index=False, lineterminator="\n")


def _fast(path: Path, timeframe: Timeframe | None) -> Bars | None:
    """Give the candles if nothing at all is wrong with the file; None if it needs the closer look of `refuse`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = (row for row in csv.reader(file) if row)
            header, first = next(rows), next(rows)
        positions = columns_of(header)
        if len(first) != len(header):  # a longer first row is the one that pandas would cut without an error
            return None
        table = pd.read_csv(
            path, index_col=False, encoding="utf-8-sig", compression=None, low_memory=False, float_precision=_PRECISION
        )
        cells = {name: table.iloc[:, at] for name, at in positions.items()}
        prices = [cells[name].to_numpy() for name in NEEDED]
        prices.append(cells["volume"].to_numpy() if "volume" in cells else np.zeros(len(table)))
        time = times_ms(cells["time"])
    except (ValueError, OSError, StopIteration, csv.Error):  # pandas' own errors are ValueErrors
        return None
    if np.isnan(time).any() or any(column.dtype.kind not in "iuf" for column in prices):
        return None
    opened = time.astype(np.int64)
    found = timeframe or timeframe_of(opened)
    if found is None or misfit(opened, found):
        return None
    bars = Bars(found, opened, *(np.ascontiguousarray(column, dtype=np.float64) for column in prices))
    return None if faults(bars) else bars
