"""Directional movement and the parabolic stop against PyneCore, TA-Lib and pandas-ta."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from engine.indicators import TA
from engine.indicators.catalogue import CatalogueCall
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.sample import SAMPLE_START_MS, sample_bars
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine
from tests.indicators.test_extremes import rough_market

NAN = np.nan
SETTINGS = [
    (0.02, 0.02, 0.2),
    (0.25, 0.25, 0.13),
    (0.0, 0.0, 0.2),
    (0.1, 0.3, 0.9),
    (0.02, 0.02, 1.5),
    (-0.01, 0.02, 0.2),
]


def _dmi(bars: Bars, length: int, smoothing: int) -> list[Column]:
    result = TA["dmi"].kernel(bars.high, bars.low, bars.close, length, smoothing)
    assert isinstance(result, tuple)
    return list(result)


def _supertrend(bars: Bars, factor: float, length: int) -> list[Column]:
    result = TA["supertrend"].kernel(bars.high, bars.low, bars.close, factor, length)
    assert isinstance(result, tuple)
    return list(result)


def _sar(bars: Bars, start: float = 0.02, increment: float = 0.02, limit: float = 0.2) -> Column:
    return np.asarray(TA["sar"].kernel(bars.high, bars.low, start, increment, limit))


@pytest.mark.parametrize("bars", [walk(240, 4), rough_market(1e-7)], ids=["walk", "tiny"])
def test_pynecore_agrees(bars: Bars) -> None:
    """Movements, stops and supertrends equal PyneCore's, na for na, also on plateaus and with odd settings."""
    asked = [f"ta.sar({start}, {inc}, {limit})" for start, inc, limit in SETTINGS]
    ours = [_sar(bars, *setting) for setting in SETTINGS]
    for length, smoothing in ((17, 14), (1, 1), (2, 3)):
        asked += [f"ta.dmi({length}, {smoothing})[{k}]" for k in range(3)]
        ours += _dmi(bars, length, smoothing)
    for factor, length in ((3.0, 10), (0.5, 1), (2.0, 1), (1.5, 3)):
        # With a length of 1 the range is 0 on a bar that does not move, and the two bands are one.
        asked += [f"ta.supertrend({factor}, {length})[{k}]" for k in range(2)]
        ours += _supertrend(bars, factor, length)
    for text, values, theirs in zip(asked, ours, pine(asked, bars), strict=True):
        np.testing.assert_allclose(values, theirs, rtol=1e-9, atol=1e-12, equal_nan=True, err_msg=text)


@pytest.mark.parametrize("length", [5, 14, 30])
def test_talib_agrees_on_directional_movement(length: int) -> None:
    """TA-Lib seeds its averages otherwise; once those are forgotten, its +DI, -DI and ADX are ours to 1e-9."""
    bars = walk(6000, 9)
    warm = TA["dmi"].memory(length, length) * 2
    columns = (bars.high, bars.low, bars.close)
    theirs = [talib.PLUS_DI(*columns, length), talib.MINUS_DI(*columns, length), talib.ADX(*columns, length)]
    for ours, other in zip(_dmi(bars, length, length), theirs, strict=True):
        np.testing.assert_allclose(ours[warm:], other[warm:], rtol=1e-9)


def test_pandas_ta_agrees_on_directional_movement() -> None:
    """So are pandas-ta's, which has no seeds of sums at all."""
    bars = walk(3000, 10)
    columns = {name: getattr(bars, name) for name in ("high", "low", "close")}
    theirs = CatalogueCall("adx", tuple(columns), (("length", 14),)).run(bars.time, columns)
    plus, minus, adx = _dmi(bars, 14, 14)
    for ours, prefix in ((plus, "DMP"), (minus, "DMN"), (adx, "ADX")):
        other = next(column for name, column in theirs.items() if name.startswith(f"{prefix}_"))
        np.testing.assert_allclose(ours[1500:], other[1500:], rtol=1e-9)


def test_the_stop_equals_pines_published_source() -> None:
    """After the first turns, which forget how it began, the stop is that of the source in Pine's reference to the bit.

    (TA-Lib's and pandas-ta's are others: they keep the stop off the last two bars before they see whether it is hit.)
    """
    bars = walk(6000, 12)
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    stop = extreme = speed = NAN
    below = False
    expected = [NAN] * len(bars)
    for i in range(1, len(bars)):
        first = i == 1
        if first:
            below = close[1] > close[0]
            extreme, stop, speed = (high[1], low[0], 0.02) if below else (low[1], high[0], 0.02)
        stop += speed * (extreme - stop)
        if below and stop > low[i]:
            first, below, stop, extreme, speed = True, False, max(high[i], extreme), low[i], 0.02
        elif not below and stop < high[i]:
            first, below, stop, extreme, speed = True, True, min(low[i], extreme), high[i], 0.02
        if not first and (high[i] > extreme if below else low[i] < extreme):
            extreme, speed = high[i] if below else low[i], min(speed + 0.02, 0.2)
        stop = min(stop, *low[max(i - 2, 0) : i]) if below else max(stop, *high[max(i - 2, 0) : i])
        expected[i] = stop
    np.testing.assert_array_equal(_sar(bars)[200:], expected[200:])


def test_the_stop_keeps_off_the_price() -> None:
    """It lies below the lows of its bar and the two before, or above their highs."""
    bars = sample_bars("BTC/USDT", Timeframe(1, "h"), SAMPLE_START_MS, 3000)
    stop = _sar(bars)[2:]
    lows = np.minimum(bars.low[2:], np.minimum(bars.low[1:-1], bars.low[:-2]))
    highs = np.maximum(bars.high[2:], np.maximum(bars.high[1:-1], bars.high[:-2]))
    assert ((stop <= lows) | (stop >= highs)).all()
    assert (stop <= lows).any()
    assert (stop >= highs).any()


@pytest.mark.parametrize(
    "setting", [(0.02, 0.02, 0.2), (0.01, 0.01, 0.1), (0.02, 0.0, 0.2), (0.3, 0.3, 0.3), (0.8, 0.1, 0.9)]
)
def test_the_stop_is_forgotten_after_its_memory(setting: tuple[float, float, float]) -> None:
    """Begun anywhere, the stop is the same, once as many bars have passed as its settings say."""
    bars = sample_bars("BTC/USDT", Timeframe(1, "h"), SAMPLE_START_MS, 10_000)
    memory, whole = TA["sar"].memory(*setting), _sar(bars, *setting)
    for start in np.random.default_rng(3).integers(1, 10_000 - memory - 100, 40):
        again = _sar(bars[start : start + memory + 100], *setting)
        np.testing.assert_allclose(again[memory:], whole[start + memory : start + memory + 100], rtol=1e-9)


def test_a_stop_that_may_never_forget_has_the_longest_memory() -> None:
    """One that starts at all of the way, or does not move, is given a fixed number of bars."""
    assert TA["sar"].memory(1.0, 0.02, 1.0) == TA["sar"].memory(0.0, 0.0, 0.2) == TA["sar"].memory(1e-9, 0.0, 1.0)


def test_bars_with_na_are_skipped() -> None:
    """A bar with na has na; the stop goes on as if it were not there, movements from the second known bar on."""
    bars = walk(200, 2)
    high, low = bars.high.copy(), bars.low.copy()
    high[50], low[51] = NAN, NAN
    holes = Bars(bars.timeframe, bars.time, bars.open, high, low, bars.close, bars.volume)
    known = np.delete(np.arange(200), [50, 51])
    expected = np.full(200, np.nan)
    expected[known] = np.asarray(TA["sar"].kernel(bars.high[known], bars.low[known], 0.02, 0.02, 0.2))
    np.testing.assert_array_equal(_sar(holes), expected)
    for column in _dmi(holes, 5, 5):
        assert np.flatnonzero(np.isnan(column[20:])).tolist() == [30, 31, 32]
