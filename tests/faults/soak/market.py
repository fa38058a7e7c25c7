"""Minutes of many symbols, the same in every run, with everything that goes wrong with candles at an exchange."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from decimal import Decimal
from functools import lru_cache

from engine.adapters.ccxt_pages import Pages
from engine.errors import MarketDataUnavailableError
from engine.market import Bars, Instrument, MarketKind, Timeframe

MINUTE = Timeframe.parse("1m")
MINUTE_MS = 60_000
START_MS = 1_704_067_200_000
Row = tuple[float, float, float, float, float, float]


class Time:
    """The exchange's time, ours (`off_ms` ahead of it), and one that nobody sets; ms."""

    def __init__(self) -> None:
        self.exchange_ms = START_MS
        self.off_ms = 0

    def now_ms(self) -> int:
        return self.exchange_ms + self.off_ms

    def steady_ms(self) -> float:
        return float(self.exchange_ms)


def chance(*about: object) -> float:
    """Give a number from 0 to 1 that depends on nothing but what it is about."""
    return zlib.crc32(" ".join(map(str, about)).encode()) / 2**32


class FaultyMarket:
    """Gives candles late, never, twice, off the grid, without numbers, and changed later; `outages` answer nothing.

    What it gives goes through the pages and the integrity checks of the real adapter. `faults` counts bars by fault.
    """

    def __init__(self, time: Time) -> None:
        self._time = time
        self.dark_until_ms = 0
        self.faults: Counter[str] = Counter()

    async def now_ms(self) -> int:
        self._look()
        return self._time.exchange_ms

    async def instrument(self, symbol: str) -> Instrument:
        self._look()
        return Instrument(symbol, Decimal("0.0001"), Decimal("0.001"))

    async def kind(self, symbol: str) -> MarketKind:
        self._look()
        return MarketKind.FUTURES

    async def closed_bars(self, symbol: str, timeframe: Timeframe, since_ms: int, now_ms: int) -> Bars:
        self._look()
        pages = Pages(f"soak {symbol} 1m", timeframe, since_ms, now_ms, 1_000)
        last = timeframe.last_closed(now_ms)
        rows: list[Row] = []
        for time in range(timeframe.floor(since_ms + MINUTE_MS - 1), last + 1, MINUTE_MS):
            rows += self._given(symbol, time)
        rows.sort(key=lambda row: row[0])
        while pages.next_ms is not None:
            pages.add(rows)
        return pages.bars()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _look(self) -> None:
        if self._time.exchange_ms < self.dark_until_ms:
            raise MarketDataUnavailableError("dark")

    def _given(self, symbol: str, time: int) -> list[Row]:
        now, closed = self._time.exchange_ms, time + MINUTE_MS
        true, fault = candle(symbol, time), fault_of(symbol, time)
        if now - closed < 2 * MINUTE_MS:
            self.faults[fault] += 1
        late_ms = {"late": 1_000 + 45_000 * chance("late", symbol, time), "too late": 90_000, "never": math.inf}
        if now < closed + late_ms.get(fault, 0):
            return []
        broken: dict[str, list[Row]] = {
            "double": [true, (*true[:4], true[4] * 1.0001, true[5])],
            "off the grid": [(true[0] + 7, *true[1:])],
            "no number": [(*true[:4], math.nan, true[5])],
        }
        if now < closed + 25_000 and fault in broken:
            return broken[fault]
        before: dict[str, Row] = {
            "revised": (*true[:5], true[5] + 1),
            "revised close": (*true[:4], (true[2] + true[3]) / 2, true[5]),
        }
        return [before[fault] if now < closed + 100_000 and fault in before else true]


_FAULTS = (
    ("late", 0.03),
    ("too late", 0.0005),
    ("never", 0.0005),
    ("double", 0.001),
    ("off the grid", 0.0005),
    ("no number", 0.0005),
    ("revised", 0.002),
    ("revised close", 0.001),
)


def fault_of(symbol: str, time: int) -> str:
    """Give what goes wrong with a candle; "" for most."""
    at = chance("fault", symbol, time)
    for name, share in _FAULTS:
        if at < share:
            return name
        at -= share
    return ""


@lru_cache(maxsize=500)  # the newest are asked for again and again
def candle(symbol: str, time: int) -> Row:
    """Give the candle as it will be in the end."""
    opened, closed = _price(symbol, time), _price(symbol, time + MINUTE_MS)
    spread = 0.05 * (1 + chance("spread", symbol, time))
    return (float(time), opened, max(opened, closed) + spread, min(opened, closed) - spread, closed, 1 + time % 7)


def _price(symbol: str, time: int) -> float:
    at = (time - START_MS) / MINUTE_MS + 1_000 * chance(symbol)
    wave = 3 * math.sin(at / 41) + 1.2 * math.sin(at / 11) + 8 * math.sin(at / 1_703)
    return round(100 + wave + chance("noise", symbol, time) - 0.5, 4)
