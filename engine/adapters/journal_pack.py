"""A stretch of the journal in few bytes: about a dozen for a candle in which nothing was decided.

Prices with few decimals are written as whole numbers of their last decimal, each as its distance from the one before;
what cannot be, to the bit, is written as it is. Then zlib.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import StoreError
from engine.ports import JournalEntry

_MOST_DECIMALS = 12
_AS_THEY_ARE = 255
_EXACT = 2.0**52
_HEAD = struct.Struct("<BI")
_VERSION = 1


def pack(entries: Sequence[JournalEntry]) -> bytes:
    """Write entries of one route. `unpack` gives the same to the bit."""
    seen = np.array([entry.candle is not None for entry in entries], dtype=np.bool_)
    candles = np.array([entry.candle for entry in entries if entry.candle is not None], dtype=np.float64).reshape(-1, 5)
    opens, highs, lows, closes, volumes = (np.ascontiguousarray(candles[:, i]) for i in range(5))
    notes = {str(i): entry.notes for i, entry in enumerate(entries) if entry.notes}
    bars = np.array([entry.bar_ms for entry in entries], dtype=np.int64)
    at = np.array([entry.at_ms for entry in entries], dtype=np.int64)
    parts = [
        _ints(_differences(bars)),
        _ints(_differences(at - bars)),
        seen.astype(np.uint8).tobytes(),
        *_prices(np.stack([opens, highs, lows, closes])),
        *_prices(volumes[None, :]),
        json.dumps(notes, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"),
    ]
    head = _HEAD.pack(_VERSION, len(entries)) + struct.pack(f"<{len(parts)}I", *map(len, parts))
    return zlib.compress(head + b"".join(parts), 9)


def unpack(route: str, packed: bytes) -> list[JournalEntry]:
    """Read what `pack` wrote. Errors: StoreError where it is something else."""
    try:
        return _unpacked(route, zlib.decompress(packed))
    except (zlib.error, struct.error, ValueError, IndexError) as error:
        raise StoreError(f"the journal of {route} is damaged: {error}; restore a backup") from None


def _unpacked(route: str, raw: bytes) -> list[JournalEntry]:
    version, count = _HEAD.unpack_from(raw)
    if version != _VERSION:
        raise ValueError(f"version {version}")
    lengths = struct.unpack_from("<8I", raw, _HEAD.size)
    at, parts = _HEAD.size + 4 * len(lengths), []
    for length in lengths:
        parts.append(raw[at : at + length])
        at += length
    bars = np.cumsum(_whole(parts[0], count))
    times = np.cumsum(_whole(parts[1], count)) + bars
    seen = np.frombuffer(parts[2], dtype=np.uint8).astype(np.bool_)
    candles = int(seen.sum())
    prices = _read_prices(parts[3], parts[4], 4, candles)
    volumes = _read_prices(parts[5], parts[6], 1, candles)
    notes = json.loads(parts[7].decode("utf-8", "surrogatepass"))
    rows = iter(np.concatenate([prices, volumes]).T.tolist())
    return [
        JournalEntry(route, int(bar), int(time), tuple(next(rows)) if there else None, notes.get(str(i), ""))
        for i, (bar, time, there) in enumerate(zip(bars, times, seen, strict=True))
    ]


def _prices(table: NDArray[np.float64]) -> tuple[bytes, bytes]:
    """Give the way it is written (a byte), and the numbers: the first row along time, the others from the first."""
    for decimals in range(_MOST_DECIMALS + 1):
        with np.errstate(over="ignore"):
            scaled = np.rint(table * 10.0**decimals)
        if not (np.abs(scaled) < _EXACT).all():
            break  # more decimals make it larger yet
        whole = scaled.astype(np.int64)
        if _same(whole / 10.0**decimals, table):  # as bits, and through whole numbers: -0.0 is not 0.0
            apart = whole - np.concatenate([np.zeros_like(whole[:1]), np.repeat(whole[:1], len(whole) - 1, 0)])
            apart[0] = _differences(whole[0])
            return bytes([decimals]), _ints(apart.reshape(-1))
    return bytes([_AS_THEY_ARE]), _shuffled(table.reshape(-1).view(np.uint8).reshape(-1, 8))


def _read_prices(way: bytes, raw: bytes, rows: int, count: int) -> NDArray[np.float64]:
    if way[0] == _AS_THEY_ARE:
        return np.ascontiguousarray(_unshuffled(raw, 8)).view(np.float64).reshape(rows, count)
    apart = _whole(raw, rows * count).reshape(rows, count)
    first = np.cumsum(apart[0])
    return np.concatenate([first[None, :], apart[1:] + first]) / 10.0 ** way[0]


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool((one.view(np.int64) == other.view(np.int64)).all())


def _differences(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diff(values, prepend=np.zeros(1, dtype=np.int64))


def _ints(values: NDArray[np.int64]) -> bytes:
    """Write whole numbers as the first bytes of all, then the second of all ...: what is alike stands together."""
    signed = (values << 1) ^ (values >> 63)  # small negative numbers become small positive ones
    return _shuffled(np.ascontiguousarray(signed).view(np.uint8).reshape(-1, 8))


def _whole(raw: bytes, count: int) -> NDArray[np.int64]:
    table = np.ascontiguousarray(_unshuffled(raw, 8)).view(np.uint64).reshape(-1)
    if len(table) != count:
        raise ValueError(f"{len(table)} numbers instead of {count}")
    return (table >> np.uint64(1)).astype(np.int64) ^ -(table & np.uint64(1)).astype(np.int64)


def _shuffled(table: NDArray[np.uint8]) -> bytes:
    return np.ascontiguousarray(table.T).tobytes()


def _unshuffled(raw: bytes, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(raw, dtype=np.uint8).reshape(width, -1).T
