"""What a question for candles costs, as ccxt has it of each exchange's endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_CANDLES = re.compile(r"kline|candle|ohlc", re.IGNORECASE)
_SPECIAL = re.compile(r"mark|index|premium|continuous", re.IGNORECASE)


def candle_costs(api: Mapping[str, Any], path: str = "") -> Iterator[float]:
    """Give the costs of the endpoints that give candles, of a small page. `api` is ccxt's."""
    for name, below in api.items():
        here = f"{path}/{name}"
        if isinstance(below, Mapping) and "cost" not in below:
            yield from candle_costs(below, here)
        elif _CANDLES.search(str(name)) and not _SPECIAL.search(str(name)):
            yield float(below["cost"] if isinstance(below, Mapping) else below)
