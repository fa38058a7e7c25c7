"""Candles in CSV files: ours, TradingView's exports, freqtrade's, and most others.

The header names the columns, in any case and order: time (or timestamp, date, datetime), open, high, low, close, and
volume, which may be missing and is 0 then. Other columns are ignored. Times are seconds or milliseconds since the
epoch, or ISO 8601 (UTC where no zone is given).
"""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.adapters.csv_columns import NEEDED, columns_of, misfit, numbers_ms, timeframe_of, times_ms
from engine.adapters.csv_numbers import numbers_in
from engine.market import Bars, Timeframe, faults

Columns = list[NDArray[np.float64]]
"""Time in ms, open, high, low, close, volume."""


def read_csv(path: Path | str, timeframe: Timeframe | None = None) -> Bars:
    """Read candles, checked whole; without `timeframe` it is the most common distance of two rows.

    Errors: InvalidCandlesError naming file, line (as an editor counts) and column of the first faults.
    """
    path = Path(path)
    bars = _checked(_plain(path), timeframe) or _checked(_any(path), timeframe)
    if bars is not None:
        return bars
    from engine.adapters.csv_faults import refuse  # noqa: PLC0415 - loads pandas

    return refuse(path, timeframe)


def write_csv(path: Path | str, bars: Bars) -> None:
    """Write candles, times in milliseconds, such that `read_csv` reads the same bits."""
    import pandas as pd  # noqa: PLC0415 - slow to load

    opens, highs, lows, closes, volume = bars.columns()
    table = {"time": bars.time, "open": opens, "high": highs, "low": lows, "close": closes, "volume": volume}
    pd.DataFrame(table).to_csv(path, index=False, lineterminator="\n")


def _plain(path: Path) -> Columns | None:
    """Give the columns of a file with nothing but numbers in them, each row as long as the header; else None."""
    try:
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        begin = text.find(b"\n") + 1
        names = next(csv.reader([text[:begin].decode()]))
        positions = columns_of(names)
    except (ValueError, OSError, StopIteration, csv.Error):
        return None
    table = numbers_in(text, begin, len(names), list(positions.values()))
    if table is None or not table.size:
        return None
    cells = dict(zip(positions, table, strict=True))
    prices = (cells[name] for name in NEEDED)
    return [numbers_ms(cells["time"]), *prices, cells.get("volume", np.zeros(table.shape[1]))]


def _any(path: Path) -> Columns | None:
    """Give the columns as pandas reads them, None where one is not numbers."""
    import pandas as pd  # noqa: PLC0415 - slow to load

    # Older pandas gets the last digit wrong unless told otherwise; newer pandas gets it right and warns when told.
    old = tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = (row for row in csv.reader(file) if row)
            header, first = next(rows), next(rows)
        positions = columns_of(header)
        if len(first) != len(header):  # a longer first row is the one that pandas would cut without an error
            return None
        table = pd.read_csv(
            path,
            index_col=False,
            encoding="utf-8-sig",
            compression=None,
            low_memory=False,
            float_precision="round_trip" if old else None,
        )
        cells = {name: table.iloc[:, at] for name, at in positions.items()}
        prices = [cells[name].to_numpy() for name in NEEDED]
        prices.append(cells["volume"].to_numpy() if "volume" in cells else np.zeros(len(table)))
        time = times_ms(cells["time"])
    except (ValueError, OSError, StopIteration, csv.Error):  # pandas' own errors are ValueErrors
        return None
    if any(column.dtype.kind not in "iuf" for column in prices):
        return None
    return [time, *(np.ascontiguousarray(column, dtype=np.float64) for column in prices)]


def _checked(columns: Columns | None, timeframe: Timeframe | None) -> Bars | None:
    """Give the candles if nothing at all is wrong with them; None if they need the closer look of `refuse`."""
    if columns is None or np.isnan(columns[0]).any():
        return None
    opened = columns[0].astype(np.int64)
    found = timeframe or timeframe_of(opened)
    if found is None or misfit(opened, found):
        return None
    bars = Bars(found, opened, *columns[1:])
    return None if faults(bars) else bars
