"""The candles of a rule file's test: read from CSV files, or made, with a quiet market before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from engine.adapters.csv_files import read_csv
from engine.errors import InvalidInputError
from engine.market import Bars, Timeframe, faults
from engine.market.instrument import tick_of
from engine.market.made import Line, bars_around, candles_of, closes_on
from engine.market.resample import resample
from engine.rules import Plan
from engine.rules.tests_candles import Before, Piece
from engine.rules.tests_model import RuleTest

_START_MS = 1_704_067_200_000  # 2024-01-01, a Monday
_MOST_BEFORE = 1_000_000
_LONGEST_MONTH = 31 / 28  # a timeframe's length in ms is that of its shortest bar


@dataclass(frozen=True)
class PlayedCandles:
    """Candles to test on. The test's own begin at `first`, made ones are before them; those of a CSV are all its own.

    `others` are candles of other symbols that the rule looks at.
    """

    bars: Bars
    first: int
    tick: Decimal
    others: dict[str, Bars]

    @property
    def warmup(self) -> int | None:
        """Where trading begins, if that is settled already."""
        return self.first or None


def candles_for(test: RuleTest, timeframe: Timeframe, plan: Plan, folder: Path) -> PlayedCandles:
    """Read or make them, for a rule that decides on `timeframe`; paths are from `folder`. Errors: InvalidInputError."""
    if isinstance(test.candles, str):
        bars = _read(folder, test.candles, timeframe)
        if len(bars) <= plan.warmup:
            raise InvalidInputError(
                f"{test.candles} holds {len(bars)} {timeframe} candles; to be warm, the rule needs {plan.warmup} "
                f"before it trades: give {plan.warmup + 1} or more"
            )
        others = {symbol: read_csv(folder / csv) for symbol, csv in test.feeds.items() if isinstance(csv, str)}
        return PlayedCandles(bars, 0, Decimal(repr(test.tick)) if test.tick else tick_of(bars), others)
    before = _bars_before(plan, timeframe)
    tick = Decimal(repr(test.tick)) if test.tick else _finest([price for _, price in test.prices()])
    rows = test.candles or []
    others = {
        symbol: read_csv(folder / feed)
        if isinstance(feed, str)
        else _made(test, (feed, []), Before(), timeframe, before)
        for symbol, feed in test.feeds.items()
    }
    return PlayedCandles(
        _made(test, (test.closes or [], rows), test.before, timeframe, before, tick), before, tick, others
    )


def _read(folder: Path, csv: str, timeframe: Timeframe) -> Bars:
    bars = read_csv(folder / csv)
    try:
        return bars if bars.timeframe == timeframe else resample(bars, timeframe)
    except ValueError:
        message = f"{csv} holds {bars.timeframe} candles, of which no {timeframe} candles can be made; give finer ones"
        raise InvalidInputError(message) from None


def _bars_before(plan: Plan, timeframe: Timeframe) -> int:
    """Give how many candles before the first one are enough for the rule, and all it looks at, to be warm."""
    needed = plan.warmup
    for feed in plan.fetched:
        length = feed.timeframe.length_ms * (_LONGEST_MONTH if feed.timeframe.unit == "M" else 1)
        needed = max(needed, plan.warmup + int((plan.feeds[feed].warmup + 2) * length / timeframe.length_ms) + 1)
    if needed > _MOST_BEFORE:
        raise InvalidInputError(
            f"the rule is warm after {needed:,} {timeframe} candles, and a test makes at most {_MOST_BEFORE:,}; give "
            "the test shorter lengths by 'params'"
        )
    return needed


def _made(
    test: RuleTest,
    given: tuple[Sequence[Piece], Sequence[tuple[float, ...]]],
    quiet: Before,
    timeframe: Timeframe,
    before: int,
    tick: Decimal | None = None,
) -> Bars:
    """Make the candles of these pieces, or of these rows, and so many before them."""
    pieces, rows = given
    price = quiet.value or (pieces[0].value if pieces else rows[0][0])
    lines = [Line(float(price or 0), before, swing_percent=quiet.swing_percent)]
    lines += [Line(piece.end, piece.bars, piece.value is not None, piece.swing_percent) for piece in pieces]
    step = float(tick or _finest([piece.end for piece in pieces]))
    table = candles_of(closes_on(lines, step), test.wick_percent, step)
    table = np.column_stack([table, np.full(len(table), test.volume)])
    listed = np.array([(*row, test.volume)[:5] for row in rows], dtype=np.float64).reshape(-1, 5)
    start = test.start if test.start is not None else timeframe.floor(_START_MS)
    try:
        bars = bars_around(timeframe, start, before, np.concatenate([table, listed]))
    except (ValueError, OverflowError):
        message = f"the {before} {timeframe} candles of warm-up before the first one reach beyond the calendar"
        raise InvalidInputError(message) from None
    if found := faults(bars):
        where = f"candle {found[0].row - before}: {found[0].column} {found[0].message}"
        raise InvalidInputError(f"{where}; a finer tick may help")
    return bars


def _finest(prices: Sequence[float]) -> Decimal:
    """Give a price step as fine as these prices are written: 0.01, or finer."""
    decimals = max((-int(Decimal(repr(price)).as_tuple().exponent) for price in prices), default=2)
    return Decimal(1).scaleb(-min(10, max(2, decimals)))
