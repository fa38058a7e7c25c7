"""The sample market: the same whichever window is asked for, and whole at any length of bar."""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Bars, Timeframe, faults
from engine.market.instrument import tick_of
from engine.market.integrity import gaps
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument

SYMBOL = "BTC/USDT:USDT"
HOUR = Timeframe.parse("1h")
LENGTHS = ("1s", "7s", "1m", "90s", "7m", "15m", "1h", "4h", "1d", "3d", "1w", "1M", "3M")
FIRST_HOUR = [50196.9, 50352.4, 50152.7, 50221.6, 597.778]


def same(one: Bars, other: Bars) -> bool:
    columns = zip((one.time, *one.columns()), (other.time, *other.columns()), strict=True)
    return all(np.array_equal(a, b) for a, b in columns)


@pytest.mark.parametrize("length", LENGTHS)
def test_bars_are_whole(length: str) -> None:
    """Bars of every length pass the integrity check, have no gaps, and open where the last one closed."""
    bars = sample_bars(SYMBOL, Timeframe.parse(length), SAMPLE_START_MS, 9)
    assert len(bars) == 9
    assert faults(bars) == []
    assert gaps(bars) == 0
    assert np.array_equal(bars.open[1:], bars.close[:-1])


@settings(max_examples=40, deadline=None)
@given(
    length=st.sampled_from(["1s", "1m", "90s", "1h", "7h"]),
    skip=st.integers(0, 250),
    count=st.integers(0, 50),
    shift_ms=st.integers(-999, 0),
)
def test_a_bar_is_the_same_in_every_window(length: str, skip: int, count: int, shift_ms: int) -> None:
    """A window cut out of a longer one equals the window asked for by itself."""
    timeframe = Timeframe.parse(length)
    long = sample_bars(SYMBOL, timeframe, SAMPLE_START_MS, 300)
    assert same(sample_bars(SYMBOL, timeframe, int(long.time[skip]) + shift_ms, count), long[skip : skip + count])


@pytest.mark.parametrize("length", ["1w", "1M"])
def test_a_calendar_bar_is_the_same_in_every_window(length: str) -> None:
    """Weeks and months are cut out of a longer window unchanged, too."""
    timeframe = Timeframe.parse(length)
    long = sample_bars(SYMBOL, timeframe, SAMPLE_START_MS, 12)
    assert same(sample_bars(SYMBOL, timeframe, int(long.time[5]) - 1, 6), long[5:11])


@pytest.mark.parametrize(("fine", "coarse", "ratio"), [("1s", "1m", 60), ("1m", "1h", 60), ("1h", "1w", 168)])
def test_coarse_bars_are_the_sum_of_fine_ones(fine: str, coarse: str, ratio: int) -> None:
    """A bar has the first open, highest high, lowest low, last close and whole volume of the finer bars inside it."""
    small = sample_bars(SYMBOL, Timeframe.parse(fine), SAMPLE_START_MS, 20 * ratio)
    large = sample_bars(SYMBOL, Timeframe.parse(coarse), SAMPLE_START_MS, 20)
    assert np.array_equal(large.open, small.open[::ratio])
    assert np.array_equal(large.high, small.high.reshape(-1, ratio).max(axis=1))
    assert np.array_equal(large.low, small.low.reshape(-1, ratio).min(axis=1))
    assert np.array_equal(large.close, small.close[ratio - 1 :: ratio])
    assert np.allclose(large.volume, small.volume.reshape(-1, ratio).sum(axis=1), rtol=0, atol=1e-6)


def test_bars_do_not_change_between_releases() -> None:
    """The first bar of the default market is the one that expected results were made with."""
    bars = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 1)
    assert [float(column[0]) for column in bars.columns()] == FIRST_HOUR


def test_seed_and_symbol_make_other_markets() -> None:
    """Another seed and another symbol give other prices."""
    first, seeded, named = (
        sample_bars(symbol, HOUR, SAMPLE_START_MS, 50, seed)
        for symbol, seed in ((SYMBOL, 7), (SYMBOL, 8), ("ETH/USDT:USDT", 7))
    )
    assert not np.array_equal(first.close, seeded.close)
    assert not np.array_equal(first.close, named.close)


def test_prices_stay_in_range_for_years() -> None:
    """In four years no price leaves 25,000 to 150,000, and all are on the tick."""
    bars = sample_bars(SYMBOL, Timeframe.parse("1d"), SAMPLE_START_MS, 1_461)
    assert bars.low.min() > 25_000
    assert bars.high.max() < 150_000
    assert tick_of(bars) == sample_instrument(SYMBOL).tick == Decimal("0.1")


def test_returns_look_like_a_market() -> None:
    """Hourly returns have fat tails, and volume goes with the range."""
    bars = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 10_000)
    returns = np.diff(np.log(bars.close))
    kurtosis = np.mean((returns - returns.mean()) ** 4) / returns.var() ** 2
    assert kurtosis > 4
    assert np.corrcoef(bars.volume, (bars.high - bars.low) / bars.open)[0, 1] > 0.5


def test_trends_and_reversals_are_there_to_be_traded() -> None:
    """A year of hours has hundreds of crossings of two averages, and hours far away from their average both ways."""
    close = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 8_760).close
    fast, slow = (np.convolve(close, np.ones(n) / n, mode="full")[30 : len(close)] for n in (10, 30))
    assert 150 < np.count_nonzero(np.diff(np.sign(fast - slow))) < 1_500
    distance = close[30:] / slow - 1
    assert np.count_nonzero(distance < -0.01) > 200
    assert np.count_nonzero(distance > 0.01) > 200


def test_gaps_leave_out_the_same_bars_in_every_window() -> None:
    """With gaps about one bar in fifty is missing, the others are unchanged, and a window does not change which."""
    full = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 5_000)
    holed = sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 5_000, gaps=True)
    assert 50 < gaps(holed) < 150
    kept = np.isin(full.time, holed.time)
    assert np.array_equal(full.close[kept], holed.close)
    part = sample_bars(SYMBOL, HOUR, int(full.time[1_000]), 1_000, gaps=True)
    assert np.array_equal(part.time, holed.time[(holed.time >= full.time[1_000]) & (holed.time <= full.time[1_999])])


def test_there_is_nothing_before_the_start() -> None:
    """A window that begins before the market does starts with its first bar."""
    assert int(sample_bars(SYMBOL, HOUR, 0, 3).time[0]) == SAMPLE_START_MS


def test_a_year_of_minutes_is_made_quickly() -> None:
    """A hundred thousand one-minute bars take well under a second."""
    begun = time.perf_counter()
    assert len(sample_bars("SPEED/USDT", Timeframe.parse("1m"), SAMPLE_START_MS, 100_000)) == 100_000
    assert time.perf_counter() - begun < 1
