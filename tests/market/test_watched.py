"""Which candles orders meet where finer ones are watched."""

from __future__ import annotations

import pytest

from engine.errors import InvalidInputError
from engine.market import Bars, Timeframe
from engine.market.watched import watched

HOURLY, QUARTERS = Timeframe.parse("1h"), Timeframe.parse("15m")
START_MS, QUARTER_MS = 1_704_067_200_000, 900_000


def _bars(timeframe: Timeframe, at: dict[int, float]) -> Bars:
    """Give candles by the quarter of an hour that they open in, each at one price."""
    return Bars.of(timeframe, [(START_MS + n * QUARTER_MS, p, p, p, p, 1.0) for n, p in at.items()])


def _met(hours: dict[int, float], quarters: dict[int, float]) -> dict[int, float]:
    met = watched(_bars(HOURLY, hours), _bars(QUARTERS, quarters))
    assert met.timeframe == QUARTERS
    return dict(zip(((met.time - START_MS) // QUARTER_MS).tolist(), met.close.tolist(), strict=True))


def test_the_finer_candles_inside_of_bars_are_met() -> None:
    """Those before the first bar, after the last, or in a bar that is missing are not."""
    assert _met({4: 1.0, 12: 2.0}, {n: float(n) for n in range(20)}) == {n: n for n in (4, 5, 6, 7, 12, 13, 14, 15)}


def test_a_bar_without_finer_candles_is_one_itself() -> None:
    """It is all that is known of that hour."""
    assert _met({0: 9.0, 4: 8.0}, {4: 1.0, 7: 2.0}) == {0: 9.0, 4: 1.0, 7: 2.0}


def test_a_bar_ends_with_a_finer_candle_of_its_own() -> None:
    """The last quarter did not come: a flat one at the bar's close, in which the rule decides, not the one before."""
    assert _met({0: 9.0, 4: 8.0}, {0: 1.0, 1: 2.0, 5: 3.0, 6: 4.0}) == {0: 1.0, 1: 2.0, 3: 9.0, 5: 3.0, 6: 4.0, 7: 8.0}


def test_a_month_ends_with_its_own_last_day() -> None:
    """February 2024 has 29 days, and the last of them is missing."""
    february = 1_706_745_600_000
    month = Bars.of(Timeframe.parse("1M"), [(february, 5.0, 5.0, 5.0, 5.0, 1.0)])
    day = Bars.of(Timeframe.parse("1d"), [(february, 4.0, 4.0, 4.0, 4.0, 1.0)])
    met = watched(month, day)
    assert met.time.tolist() == [february, february + 28 * 86_400_000]
    assert met.close.tolist() == [4.0, 5.0]


def test_they_must_be_finer() -> None:
    """Candles of the same length are refused."""
    with pytest.raises(InvalidInputError, match="finer than 1h"):
        watched(_bars(HOURLY, {0: 1.0}), _bars(HOURLY, {0: 1.0}))
