"""Why a candle CSV cannot be used: every fault by line and column. Slow and thorough; only runs when there is one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.adapters.csv_columns import NEEDED, columns_of, misfit, timeframe_of, times_ms
from engine.errors import InvalidCandlesError
from engine.market import Bars, Timeframe, faults

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _LineFault:
    line: int
    message: str


def refuse(path: Path, timeframe: Timeframe | None) -> NoReturn:
    """Raise InvalidCandlesError that lists what is wrong with the file, and how many faults more than are shown."""
    try:
        found = _faults(path, timeframe)
    except UnicodeDecodeError:
        raise InvalidCandlesError(f"{path}: is not UTF-8 text; save it as CSV in UTF-8") from None
    except OSError as error:
        raise InvalidCandlesError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    except (ValueError, csv.Error) as error:
        raise InvalidCandlesError(f"{path}:1: {error}") from None
    if not found:
        raise InvalidCandlesError(f"{path}: cannot be read as CSV; write it as plain comma-separated values")
    found.sort(key=lambda fault: fault.line)
    lines = [f"{path}:{fault.line}: {fault.message}" for fault in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more")
    lines.append("Correct or remove these lines in the file: candles are never repaired here.")
    raise InvalidCandlesError("\n".join(lines))


def _faults(path: Path, timeframe: Timeframe | None) -> list[_LineFault]:
    found: list[_LineFault] = []
    lines: list[int] = []
    rows: list[list[str]] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next((row for row in reader if row), None)
        if header is None:
            raise ValueError("the file is empty; it needs the header time,open,high,low,close,volume and rows below it")
        positions = columns_of(header)
        for row in reader:
            if max(positions.values()) < len(row) <= len(header):
                lines.append(reader.line_num)
                rows.append([row[at] for at in positions.values()])
            elif row:
                found.append(_LineFault(reader.line_num, f"has {len(row)} cells, the header has {len(header)}"))
    if not rows and not found:
        raise ValueError("the file has a header but no candles below it")
    names = {name: header[at].strip() for name, at in positions.items()}
    return found + _of_rows(rows, np.array(lines, dtype=np.int64), names, timeframe)


def _of_rows(
    rows: list[list[str]], lines: NDArray[np.int64], names: dict[str, str], timeframe: Timeframe | None
) -> list[_LineFault]:
    """Judge rows of whole length: cell by cell, then as candles. `names` gives each column's name as it is written."""
    if not rows:
        return []
    cells = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    values = {name: _values(name, texts) for name, texts in cells.items()}
    found = [
        _LineFault(int(lines[row]), _of_cell(name, names[name], cells[name][row]))
        for name in names
        for row in np.flatnonzero(np.isnan(values[name]))
    ]
    whole = ~np.any([np.isnan(column) for column in values.values()], axis=0)
    values.setdefault("volume", np.zeros(len(lines)))
    time, kept = values["time"][whole].astype(np.int64), lines[whole]
    usual = timeframe or timeframe_of(time)
    bars = Bars(usual or Timeframe(1, "s"), time, *(values[name][whole] for name in (*NEEDED, "volume")))
    if timeframe and misfit(time, timeframe):
        raise ValueError(misfit(time, timeframe))
    found += [
        _LineFault(int(kept[fault.row]), f"{names.get(fault.column, fault.column)} {fault.message}")
        for fault in faults(bars)
    ]
    if usual is None and not found:
        raise ValueError("the times do not tell the timeframe; state it, for example 1h")
    return found


def _values(name: str, texts: list[str]) -> NDArray[np.float64]:
    column = pd.Series(texts, dtype=object)
    return times_ms(column) if name == "time" else pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)


def _of_cell(name: str, written: str, text: str) -> str:
    if not text.strip():
        return f"{written} is empty"
    if name == "time":
        return f"{written} is '{text}', no time; write seconds or milliseconds since 1970, or 2024-01-31T00:00:00Z"
    return f"{written} is '{text}', not a number"
