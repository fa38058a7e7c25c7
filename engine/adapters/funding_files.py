"""Funding rates in a CSV file, as exchanges and data vendors publish them: a time and a rate in each row."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from engine.adapters.csv_columns import TIME_NAMES
from engine.errors import InvalidInputError
from engine.market.funding import Funding
from engine.market.moment import read_moment

_TIMES = (*TIME_NAMES, "funding_time", "fundingtime", "calc_time")
_RATES = ("rate", "fundingrate", "funding_rate", "funding rate", "last_funding_rate")


def read_funding(path: Path | str) -> Funding:
    """Read rates (0.0001 is 0.01 %) by time: milliseconds or seconds since the epoch, or ISO 8601 (UTC).

    Errors: InvalidInputError naming the file, the line and the column.
    """
    try:
        rows = list(csv.reader(Path(path).read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{path} cannot be read: {error}") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    places = [next((header.index(name) for name in names if name in header), -1) for names in (_TIMES, _RATES)]
    for name, place in zip(("time", "rate"), places, strict=True):
        if place < 0:
            raise InvalidInputError(f"{path} has no column '{name}'; the header is: {','.join(header) or 'missing'}")
    times: list[int] = []
    rates: list[float] = []
    for line, row in enumerate(rows[1:], 2):
        if not row:
            continue
        at, rate = (row[place].strip() if place < len(row) else "" for place in places)
        times.append(_time(path, line, at))
        rates.append(_rate(path, line, rate))
        if len(times) > 1 and times[-1] <= times[-2]:
            raise InvalidInputError(f"{path}:{line}: time: {at} is not after the row before it; sort the rows by time")
    return Funding(np.array(times, dtype=np.int64), np.array(rates))


def _time(path: Path | str, line: int, text: str) -> int:
    try:
        number = float(text)
        return int(number if number > 1e11 else number * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        return read_moment(text)
    except ValueError:
        raise InvalidInputError(f"{path}:{line}: time: '{text}' is no time") from None


def _rate(path: Path | str, line: int, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = float("nan")
    if not -1 < rate < 1:
        raise InvalidInputError(f"{path}:{line}: rate: '{text}' is no share such as 0.0001 (which is 0.01 %)")
    return rate
