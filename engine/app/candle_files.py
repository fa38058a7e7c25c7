"""Candles by what a person calls them: a CSV or Parquet file, or a symbol that is in the candle cache."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.csv_files import read_csv
from engine.documents import did_you_mean, from_here
from engine.errors import InvalidInputError
from engine.market import Bars, Instrument, Timeframe
from engine.market.instrument import tick_of

if TYPE_CHECKING:
    from engine.adapters.candle_cache import CandleCache, Entry

_SYMBOL = re.compile(r"(?:([\w-]+):)?([^/:\s.][^/:\s]*/[^/:\s]+(?::\S+)?)")  # binance:BTC/USDT, BTC/USDT:USDT
_FILE = re.compile(r".*\.[A-Za-z]\w{1,7}")
_PARQUET = (".parquet", ".pq")


def is_cached(data: str) -> bool:
    """Tell whether this names a symbol of the cache: there is no such file, and it looks like no file's name."""
    return _SYMBOL.fullmatch(data) is not None and _FILE.fullmatch(data) is None and not _is_file(Path(data))


def beside(folder: Path, data: str) -> str:
    """Give what a file in `folder` means by `data`: a path from where it stands, unless it names a symbol."""
    path = from_here(folder, data)
    return data if is_cached(data) and not _is_file(Path(path)) else path


def candles_of(data: str, timeframes: Collection[Timeframe]) -> tuple[Bars, Instrument]:
    """Read candles from a CSV or Parquet file or from the cache, and give what is known of the instrument.

    Of what is cached, the longest candles that all of `timeframes` can be made of. Errors: InvalidInputError and its
    kinds; where a symbol is not cached, it gives the command that fetches it.
    """
    if is_cached(data):
        return _read(_chosen(data, timeframes))
    path = Path(data)
    if path.suffix.lower() in _PARQUET:
        return _read(path)
    bars = read_csv(path)
    return bars, Instrument(path.stem, tick_of(bars))


def same_exchange(data: str, symbol: str) -> str:
    """Name another symbol of the exchange that the cached `data` is of. Errors: InvalidInputError."""
    return f"{_of_one_exchange(data, _cache())[0].key.exchange}:{symbol}"


def _read(path: Path) -> tuple[Bars, Instrument]:
    from engine.adapters.candle_cache import instrument_of  # noqa: PLC0415 - pyarrow is slow to load
    from engine.adapters.parquet_files import read_parquet  # noqa: PLC0415 - pyarrow is slow to load

    found = read_parquet(path)
    stated = instrument_of(found.about)
    return found.bars, Instrument(stated.symbol or path.stem, stated.tick or tick_of(found.bars), stated.lot)


def _chosen(data: str, timeframes: Collection[Timeframe]) -> Path:
    entries = _of_one_exchange(data, _cache(), timeframes)
    fitting = [e for e in entries if all(wanted.consists_of(e.key.timeframe) for wanted in timeframes)]
    key = entries[0].key
    if not fitting:
        raise InvalidInputError(
            f"{data}: there are {', '.join(str(e.key.timeframe) for e in entries)} candles of it in the cache, and "
            f"{', '.join(map(str, timeframes))} candles cannot be made of them; fetch them:\n"
            f"  {_command(key.exchange, key.symbol, timeframes)}"
        )
    found = max(fitting, key=lambda entry: entry.key.timeframe.length_ms)
    if len(found.asked) > 1:
        raise InvalidInputError(
            f"{data}: a fetch of its {found.key.timeframe} candles was interrupted, and they have a hole; fetch the "
            f"rest:\n  {_command(key.exchange, key.symbol, [found.key.timeframe])}"
        )
    return found.path


def _of_one_exchange(data: str, cache: CandleCache, timeframes: Collection[Timeframe] = ()) -> list[Entry]:
    """Give what is cached of a symbol, which one exchange has. Errors: InvalidInputError."""
    exchange, symbol = _parts(data)
    entries = cache.entries(exchange, symbol)
    exchanges = sorted({entry.key.exchange for entry in entries})
    if len(exchanges) > 1:
        names = " or ".join(f"{exchange}:{symbol}" for exchange in exchanges)
        raise InvalidInputError(f"{data}: the cache has it of {len(exchanges)} exchanges; write {names}")
    if not entries:
        there = {
            str(each): None for e in cache.entries() for each in (e.key.symbol, f"{e.key.exchange}:{e.key.symbol}")
        }
        hint = did_you_mean(data, there)
        others = {entry.key.exchange for entry in cache.entries()} - {"sample"}
        usual = others.pop() if len(others) == 1 else "binanceusdm" if ":" in symbol else "binance"
        raise InvalidInputError(
            f"{data}: there is no such file, and no such symbol in the candle cache ({cache.folder}); "
            f"{f'{hint} If not, ' if hint else ''}fetch it{'' if exchange else ', of this or another exchange'}:\n"
            f"  {_command(exchange or usual, symbol, timeframes)}"
        )
    return entries


def _parts(data: str) -> tuple[str, str]:
    match = _SYMBOL.fullmatch(data)
    return (match[1] or "", match[2]) if match else ("", data)


def _cache() -> CandleCache:
    from engine.adapters.candle_cache import CandleCache, cache_folder  # noqa: PLC0415 - files need none of it

    return CandleCache(cache_folder(os.environ))


def _command(exchange: str, symbol: str, timeframes: Collection[Timeframe]) -> str:
    lengths = "".join(f" --timeframe {timeframe}" for timeframe in timeframes)
    return f"signal-engine fetch {symbol} --exchange {exchange}{lengths}"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False
