"""The candle cache: a folder with one Parquet file for each exchange, symbol and timeframe.

A file is written anew as a whole: beside the old one, onto the disk, then renamed. Whoever reads, and whatever is
killed, finds the old file or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.errors import InvalidCandlesError, RefusedError, StoreError
from engine.market import Bars, Instrument, Timeframe
from engine.market.stretches import Stretch

VARIABLE = "SIGNAL_ENGINE_CANDLES"
FOLDER = "candles"


def cache_folder(environment: Mapping[str, str], given: Path | None = None) -> Path:
    """Give the folder: `given`, or what SIGNAL_ENGINE_CANDLES says, or `candles` in the working directory."""
    return given or Path(environment.get(VARIABLE) or FOLDER)


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Whose candles, and of which length. `exchange` and `symbol` are as ccxt writes them."""

    exchange: str
    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        """Give "binance BTC/USDT 1h"."""
        return f"{self.exchange} {self.symbol} {self.timeframe}"


@dataclass(frozen=True, slots=True)
class Series:
    """What a file holds.

    `asked` are the times that the exchange was asked for; what is missing in `gaps` it was asked for twice. `whole` is
    False while a fetch is under way, or when it was interrupted.
    """

    key: SeriesKey
    bars: Bars
    instrument: Instrument
    asked: tuple[Stretch, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of itself, without its candles. `first_ms` and `last_ms` are open times."""

    key: SeriesKey
    path: Path
    candles: int
    first_ms: int
    last_ms: int
    asked: tuple[Stretch, ...]
    gaps: tuple[Stretch, ...]
    whole: bool


class CandleCache:
    """The files of one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        """Look into `folder`; nothing is made before something is written."""
        self.folder = folder

    def path(self, key: SeriesKey) -> Path:
        """Give where a series is kept: candles/binance/BTC_USDT/1h.parquet."""
        return self._home(key.exchange, key.symbol) / f"{_file_name(key.timeframe)}.parquet"

    def entries(self, exchange: str = "", symbol: str = "") -> list[Entry]:
        """Give all that is kept, or that of an exchange or symbol, sorted. Errors: InvalidCandlesError."""
        homes = [path for path in sorted(self.folder.glob("*/*")) if path.is_dir()]
        if symbol:
            homes = [path for path in homes if path.name == _folder_name(symbol)]
        if exchange:
            homes = [path for path in homes if path.parent.name == exchange]
        found = [_entry(path) for home in homes for path in home.glob("[!.]*.parquet")]
        return sorted(found, key=lambda e: (e.key.exchange, e.key.symbol, e.key.timeframe.length_ms))

    def read(self, key: SeriesKey) -> Series | None:
        """Read a series; None where there is none. Errors: InvalidCandlesError."""
        from engine.adapters.parquet_files import read_parquet  # noqa: PLC0415 - pyarrow is slow to load

        path = self.path(key)
        if not path.is_file():
            return None
        found = read_parquet(path, key.timeframe)
        entry = _told(path, found.about, len(found.bars))
        if entry.key != key:
            raise InvalidCandlesError(f"{path}: holds {entry.key}, not {key}; delete it and fetch it anew")
        return Series(key, found.bars, instrument_of(found.about), entry.asked, entry.gaps, entry.whole)

    def write(self, series: Series) -> None:
        """Put a series in the place of what was kept of it. Errors: StoreError; what was kept stays whole then."""
        from engine.adapters.parquet_files import write_parquet  # noqa: PLC0415 - pyarrow is slow to load

        path = self.path(series.key)
        beside = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(beside, series.bars, _about(series))
            _to_disk(beside)
            beside.replace(path)
            _to_disk(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StoreError(
                f"{path}: cannot be written: {error.strerror or error}; what it held before is unharmed"
            ) from None

    @contextlib.contextmanager
    def writing(self, key: SeriesKey) -> Iterator[None]:
        """Be the only one that writes a series. Errors: RefusedError where another process does; StoreError."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path.with_name(f".{path.stem}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                f"{path.parent}: cannot be written: {error.strerror}; --cache names another folder"
            ) from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(f"{path}: another fetch is writing it; wait for that one to end") from None
            yield
        finally:
            os.close(lock)

    def _home(self, exchange: str, symbol: str) -> Path:
        return self.folder / exchange / _folder_name(symbol)


def instrument_of(about: Mapping[str, object]) -> Instrument:
    """Give symbol, tick and lot as a file states them; the symbol is "" where it states none."""
    tick, lot = (Decimal(str(about.get(name, "0"))) for name in ("tick", "lot"))
    return Instrument(str(about.get("symbol", "")), tick, lot)


def _folder_name(symbol: str) -> str:
    """Write BTC/USDT:USDT as BTC_USDT.USDT; no two symbols are written alike."""
    return (
        quote(symbol, safe="/:", errors="replace")
        .replace("_", "%5F")
        .replace(".", "%2E")
        .replace("/", "_")
        .replace(":", ".")
    )


def _file_name(timeframe: Timeframe) -> str:
    """Write months as 1month: some file systems take 1M and 1m for one name."""
    return f"{timeframe.count}month" if timeframe.unit == "M" else str(timeframe)


def _entry(path: Path) -> Entry:
    from engine.adapters.parquet_files import read_about  # noqa: PLC0415 - pyarrow is slow to load

    return _told(path, *read_about(path))


def _about(series: Series) -> dict[str, object]:
    key, bars = series.key, series.bars
    return {
        "exchange": key.exchange,
        "symbol": key.symbol,
        "timeframe": str(key.timeframe),
        "tick": str(series.instrument.tick),
        "lot": str(series.instrument.lot),
        "first_ms": int(bars.time[0]),
        "last_ms": int(bars.time[-1]),
        "asked_ms": [[part.start_ms, part.end_ms] for part in series.asked],
        "gaps_ms": [[part.start_ms, part.end_ms] for part in series.gaps],
        "whole": series.whole,
    }


def _told(path: Path, about: Mapping[str, Any], candles: int) -> Entry:
    try:
        key = SeriesKey(str(about["exchange"]), str(about["symbol"]), Timeframe.parse(about["timeframe"]))
        first, last = int(about["first_ms"]), int(about["last_ms"])
        asked, gaps = _stretches(about, "asked"), _stretches(about, "gaps")
        return Entry(key, path, candles, first, last, asked, gaps, bool(about["whole"]))
    except (KeyError, TypeError, ValueError):
        raise InvalidCandlesError(f"{path}: was not written by fetch; keep only what fetch writes there") from None


def _stretches(about: Mapping[str, Any], name: str) -> tuple[Stretch, ...]:
    return tuple(Stretch(int(start), int(end)) for start, end in about[f"{name}_ms"])


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
