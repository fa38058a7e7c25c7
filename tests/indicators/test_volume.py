"""The indicators of volume, against PyneCore, TA-Lib, pandas-ta and exact sums."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from engine.indicators import TA, TRUE
from engine.indicators.catalogue import CatalogueCall
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.rules.single import plan_text
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine

HOUR = 3_600_000
_VARIABLES = ["obv", "accdist", "nvi", "pvi", "pvt", "iii", "wad", "wvad"]
# What PyneCore is asked, and what the rule language writes for it. Without sessions PyneCore has no default anchor.
_DAYS = 'timeframe.change("1D")'
ASKED = {
    **{f"ta.{name}": f"ta.{name}" for name in _VARIABLES},
    **{f"ta.mfi(hlc3, {length})": f"ta.mfi(hlc3, {length})" for length in (1, 2, 14, 100)},
    "ta.mfi(gappy, 5)": "ta.mfi(volume >= 20 ? close : na, 5)",
    f"ta.vwap(hlc3, {_DAYS})": "ta.vwap",
    f"ta.vwap(close, {_DAYS}, 2.0)[1]": "ta.vwap(close, stdev_mult=2).upper",
    f"ta.vwap(close, {_DAYS}, 2.0)[2]": "ta.vwap(close, stdev_mult=2).lower",
    "ta.vwap(hlc3, up)": "ta.vwap(hlc3, close > open)",
    "ta.vwap(hlc3, up, 1.5)[1]": "ta.vwap(hlc3, close > open, 1.5).upper",
    "ta.vwap(gappy, up)": "ta.vwap(volume >= 20 ? close : na, close > open)",
    'ta.vwap(hlc3, timeframe.change("240"))': 'ta.vwap(hlc3, timeframe.change("240"))',
    'ta.vwap(close, timeframe.change("1W"), 2.0)[1]': 'ta.vwap(close, timeframe.change("W"), 2).upper',
    'ta.vwap(close, timeframe.change("1M"))': 'ta.vwap(close, timeframe.change("1M"))',
    "ta.vwap(close, False)": "ta.vwap(close, false)",
}


@cache
def _market(level: float) -> Bars:
    """Give hours from 05:00 on: a walk, then steps of the same price, bars without range or volume, a dead market."""
    bars = walk(420, 11, level=level)
    rng = np.random.default_rng(4)
    prices = np.array([bars.open, bars.high, bars.low, bars.close])
    volume = np.floor(rng.random(420) * 60)
    volume[300:340] = 25.0
    if level < 1e12:  # there PyneCore's own sums keep dust of 1e-3 where nothing flows, and take it for a flow
        prices[:, 150:300] = np.round(prices[:, 150:300] / level, 2) * level
        prices[:, 200:380:7] = prices[3, 200:380:7]
        prices[:, 380:] = prices[3, 379]
    columns = [*np.ascontiguousarray(prices), volume]
    return Bars(Timeframe(1, "h"), bars.time + 5 * HOUR, *columns)


@pytest.mark.parametrize("level", [100.0, 1e-7, 1e12])
def test_pynecore_agrees(level: float) -> None:
    """Every function equals PyneCore's to 1e-9, na for na, whether prices are usual, tiny or huge."""
    bars = _market(level)
    for (asked, ours), theirs in zip(ASKED.items(), pine(list(ASKED), bars), strict=True):
        values = plan_text(ours).evaluate(bars)["value"]
        theirs[~np.isfinite(theirs)] = np.nan  # what has no value is na here, and may be infinite there
        size = float(np.nanmax(np.abs(theirs), initial=0.0))
        # Theirs are sums of large terms that cancel, and carry roundings: for bands the root of a rounding.
        near = 1e-12 * size if "vwap" not in asked else 0.0
        np.testing.assert_allclose(values, theirs, rtol=1e-9, atol=near, equal_nan=True, err_msg=asked)


def _changes(column: Column) -> Column:
    return np.diff(column)[1:]


def test_talib_agrees() -> None:
    """TA-Lib's totals have the same changes, and its money flow index, on whole volumes, is the same once warm."""
    bars = walk(3000, 2)
    obv, accdist = _total("obv", bars), _total("accdist", bars)
    np.testing.assert_allclose(_changes(obv), _changes(talib.OBV(bars.close, bars.volume)), atol=1e-9)
    theirs = talib.AD(bars.high, bars.low, bars.close, bars.volume)
    np.testing.assert_allclose(accdist, theirs, rtol=1e-9, atol=1e-9)
    ours = plan_text("ta.mfi(hlc3, 14)").evaluate(bars)["value"]
    index = talib.MFI(bars.high, bars.low, bars.close, bars.volume, 14)
    np.testing.assert_allclose(ours[14:], index[14:], rtol=1e-9, atol=1e-9)


def test_pandas_ta_agrees() -> None:
    """pandas-ta's average price is the same on days that are whole, and its obv has the same changes."""
    bars = walk(480, 2)
    columns = {name: getattr(bars, name) for name in ("high", "low", "close", "volume")}
    theirs = next(iter(CatalogueCall("vwap", tuple(columns)).run(bars.time, columns).values()))
    np.testing.assert_allclose(plan_text("ta.vwap").evaluate(bars)["value"], theirs, rtol=1e-9)
    pair = {name: columns[name] for name in ("close", "volume")}
    total = next(iter(CatalogueCall("obv", ("close", "volume")).run(bars.time, pair).values()))
    np.testing.assert_allclose(_changes(_total("obv", bars)), _changes(total), atol=1e-9)


def _total(name: str, bars: Bars) -> Column:
    return np.asarray(TA[name].kernel(*(getattr(bars, column) for column in TA[name].reads)))


def test_totals_do_not_drift() -> None:
    """After 500,000 bars each total is within a relative 1e-9 of the exact sum of what was added, small or huge."""
    bars = walk(500_000, 8, level=1e6)
    bars.volume[1000:1100] *= 1e15
    last, close = bars.close[:-1], bars.close[1:]
    flow = (2 * bars.close - bars.high - bars.low) / (bars.high - bars.low)
    parts: dict[str, NDArray[np.float64]] = {
        "obv": np.sign(np.diff(bars.close)) * bars.volume[1:],
        "accdist": flow * bars.volume,
        "pvt": (close - last) / last * bars.volume[1:],
        "wad": np.where(close > last, close - np.minimum(bars.low[1:], last), close - np.maximum(bars.high[1:], last)),
    }
    for name, added in parts.items():
        assert _total(name, bars)[-1] == pytest.approx(math.fsum(added), rel=1e-9), name


def test_the_flow_index_does_not_drift() -> None:
    """Huge flows that have left the window leave no trace in the sums of 200,000 bars."""
    bars = walk(200_000, 8)
    bars.volume[50_000:50_100] *= 1e15
    values = np.asarray(TA["mfi"].kernel(bars.volume, bars.close, 14))
    again = np.asarray(TA["mfi"].kernel(bars.volume[100_000:].copy(), bars.close[100_000:].copy(), 14))
    np.testing.assert_allclose(values[100_014:], again[14:], rtol=1e-9)


@pytest.mark.parametrize("level", [0.0, 1e9])
def test_bands_are_those_of_the_definition(level: float) -> None:
    """The bands are 1.5 volume-weighted standard deviations away; the variance is exact to 1e-14 of the squared price.

    Relative to that, since TradingView's formula, which is ours, loses what is less.
    """
    bars = walk(2000, 3)
    anchor = np.zeros(2000, dtype=np.int8)
    anchor[0] = TRUE
    source = bars.close + level
    value, upper, lower = np.asarray(TA["vwap"].kernel(bars.volume, source, anchor, 1.5))
    for i in (0, 1, 10, 1999):
        exact, weights = source[: i + 1] - level, bars.volume[: i + 1]
        mean = np.average(exact, weights=weights)
        reach = 1.5 * math.sqrt(np.average((exact - mean) ** 2, weights=weights))
        np.testing.assert_allclose(value[i] - level, mean, rtol=1e-12, atol=1e-14 * level)
        reaches = np.array([upper[i] - value[i], value[i] - lower[i]])
        np.testing.assert_allclose(reaches**2, reach**2, rtol=1e-9, atol=1.5**2 * 1e-14 * (100 + level) ** 2)


@pytest.mark.parametrize(("timeframe", "memory"), [("5m", 288), ("1h", 24), ("7h", 4), ("1d", 1), ("1w", 1)])
def test_the_memory_of_vwap_is_a_day(timeframe: str, memory: int) -> None:
    """Anchored to the day, vwap needs the bars of one day, and the one before: however long a bar is."""
    assert plan_text("ta.vwap", Timeframe.parse(timeframe)).warmup == memory
    assert plan_text("ta.vwap(close, close > open)", Timeframe.parse(timeframe)).warmup == 1000


def test_vwap_begins_with_the_day() -> None:
    """It is na until the first midnight, restarts at each, and at the first candle of a day that lacks its midnight."""
    whole = _market(100.0)
    kept = np.ones(len(whole), dtype=np.bool_)
    kept[43:45] = False  # the candles of 00:00 and 01:00 on the third day
    bars = Bars(whole.timeframe, whole.time[kept], *(column[kept] for column in whole.columns()))
    values, typical = plan_text("ta.vwap").evaluate(bars)["value"], (bars.high + bars.low + bars.close) / 3
    assert np.flatnonzero(~np.isnan(values))[0] == 19
    for first in (19, 43):
        assert bars.time[first] // (24 * HOUR) != bars.time[first - 1] // (24 * HOUR)
        assert values[first] == pytest.approx(typical[first], rel=1e-12)
        share = bars.volume[first : first + 10] / bars.volume[first : first + 10].sum()
        assert values[first + 9] == pytest.approx(share @ typical[first : first + 10], rel=1e-12)


@pytest.mark.parametrize("name", [*_VARIABLES, "vwap", "tr"])
def test_variables_need_no_parentheses(name: str) -> None:
    """`ta.obv`, `ta.obv()` and `obv` are one node, and its outputs are picked from it as from a call."""
    output = TA[name].outputs[-1]
    ways = [f"ta.{name}", f"ta.{name}()", name]
    assert len({plan_text(way).outputs["value"] for way in ways}) == 1
    assert len({plan_text(f"{way}.{output}").outputs["value"] for way in ways}) == 1


@pytest.mark.parametrize("name", [*_VARIABLES, "mfi", "vwap"])
def test_candles_with_na_are_passed_over(name: str) -> None:
    """A candle of nothing but na neither stops a total nor spoils later values, and the rest stays finite or na."""
    bars = walk(300)
    columns = [column.copy() for column in bars.columns()]
    for column in columns:
        column[[40, 41, 100]] = np.nan
    gappy = Bars(bars.timeframe, bars.time, *columns)
    values = plan_text("ta.mfi(close, 14)" if name == "mfi" else f"ta.{name}").evaluate(gappy)["value"]
    assert not np.isnan(values[145:]).any()
    assert not np.isinf(values).any()
