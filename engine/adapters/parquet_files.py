"""Candles in Parquet files, by the same rules for columns and times as in CSV files (csv_files.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.adapters.csv_columns import NEEDED, columns_of, misfit, numbers_ms, timeframe_of
from engine.errors import InvalidCandlesError
from engine.market import Bars, Timeframe, faults

_SHOWN = 5
_KEY = b"signal-engine"
_NUMBERS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """Candles, and what the file says of them: `about` is empty unless `write_parquet` was given it."""

    bars: Bars
    about: dict[str, object] = field(default_factory=dict)


def read_parquet(path: Path | str, timeframe: Timeframe | None = None) -> ParquetFile:
    """Read candles, checked whole; without `timeframe` it is the one the file states, else that of most rows.

    Errors: InvalidCandlesError naming file, row (counted from 1) and column of the first faults.
    """
    path = Path(path)
    try:
        with pq.ParquetFile(path) as file:
            about = _about(file.schema_arrow.metadata)
            names = file.schema_arrow.names
            places = columns_of(names)
            table = file.read(columns=[names[at] for at in places.values()], use_threads=False)
    except OSError as error:
        raise InvalidCandlesError(f"{path}: cannot be read: {error.strerror or error}; check the path") from None
    except pa.ArrowException as error:
        raise InvalidCandlesError(f"{path}: is no whole Parquet file ({error}); write or fetch it anew") from None
    except ValueError as error:
        raise InvalidCandlesError(f"{path}: {error}") from None
    if not table.num_rows:
        raise InvalidCandlesError(f"{path}: the file holds no candles")
    columns = dict(zip(places, table.columns, strict=True))
    stated = about.get("timeframe")
    known = timeframe or (Timeframe.parse(stated) if isinstance(stated, str) else None)
    try:
        return ParquetFile(_bars(columns, known), about)
    except ValueError as error:
        raise InvalidCandlesError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None


def read_about(path: Path) -> tuple[dict[str, object], int]:
    """Give what a file says of its candles, and their number, without reading them. Errors: InvalidCandlesError."""
    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise InvalidCandlesError(f"{path}: is no whole Parquet file ({error}); delete it and fetch it anew") from None
    return _about(found.metadata), found.num_rows


def write_parquet(path: Path, bars: Bars, about: dict[str, object]) -> None:
    """Write candles, such that `read_parquet` gives the same bits and everybody else columns with UTC times."""
    time = pa.array(bars.time).cast(pa.timestamp("ms", "UTC"))
    numbers = {name: pa.array(getattr(bars, name)) for name in _NUMBERS}
    table = pa.table({"time": time, **numbers}).replace_schema_metadata({_KEY: json.dumps(about)})
    encoding = {"time": "DELTA_BINARY_PACKED"} | dict.fromkeys(_NUMBERS, "BYTE_STREAM_SPLIT")
    pq.write_table(table, path, compression="zstd", use_dictionary=False, column_encoding=encoding)


def _about(metadata: dict[bytes, bytes] | None) -> dict[str, object]:
    try:
        found = json.loads((metadata or {}).get(_KEY, b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _bars(columns: dict[str, pa.ChunkedArray], timeframe: Timeframe | None) -> Bars:
    """Give the candles. Errors: ValueError, a fault on each line."""
    time = _times(columns["time"])
    wrong = [f"row {row + 1}: time is empty, or no time" for row in np.flatnonzero(np.isnan(time))]
    if wrong:
        raise ValueError(_listed(wrong))
    opened = time.astype(np.int64)
    opens, highs, lows, closes = (_column(name, columns[name]) for name in NEEDED)
    volume = _column("volume", columns["volume"]) if "volume" in columns else np.zeros(len(opened))
    usual = timeframe or timeframe_of(opened)
    bars = Bars(usual or Timeframe(1, "s"), opened, opens, highs, lows, closes, volume)
    if timeframe and (message := misfit(opened, timeframe)):
        raise ValueError(message)
    found = [f"row {fault.row + 1}: {fault.column} {fault.message}" for fault in faults(bars)]
    if found:
        raise ValueError(_listed(found))
    if usual is None:
        raise ValueError("the times do not tell the timeframe; at least two candles are needed")
    return bars


def _times(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Give times in ms since the epoch, NaN where there is none. Errors: ValueError for what can be no times."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return numbers_ms(_column("time", column).copy())
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _moments(column)
        zone = column.type.tz if pa.types.is_timestamp(column.type) else None  # what counts is UTC whatever it says
        milliseconds = column.cast(pa.timestamp("ms", zone), safe=False)
    except pa.ArrowException:
        raise ValueError(
            f"time holds {column.type}, no times; write timestamps, seconds or milliseconds since 1970, or "
            "2024-01-31T00:00:00Z"
        ) from None
    return _column("time", milliseconds.cast(pa.int64()))


def _moments(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return pc.cast(texts, pa.timestamp("ms", "UTC"))
    except pa.ArrowException:  # Arrow reads texts either all with a zone or all without
        return pc.cast(texts, pa.timestamp("ms"))


def _column(name: str, column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Give float64, NaN where a cell is empty. Errors: ValueError for what is not numbers."""
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    if not any(kind(column.type) for kind in numeric):
        raise ValueError(f"{name} holds {column.type}, not numbers")
    numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return np.ascontiguousarray(numbers, dtype=np.float64)


def _listed(lines: list[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more, "Correct these rows: candles are never repaired here."])
