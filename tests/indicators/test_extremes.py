"""Extremes and pivots against PyneCore, TA-Lib, and their definitions written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import TA
from engine.market import Bars
from engine.market.bars import Column
from engine.rules.single import plan_text
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine

NAN = math.nan
EXTREMES = ("highest", "lowest", "highestbars", "lowestbars")
PIVOTS = ("pivothigh", "pivotlow")
SIDES = [(0, 0), (5, 0), (0, 5), (3, 2)]
# Few prices, and gaps: equal ones, plateaus, runs of na.
prices = st.lists(st.sampled_from([NAN, 1.0, 2.0, 3.0, 4.0]), max_size=60).map(lambda x: np.array(x, dtype=np.float64))


def rough_market(*levels: float) -> Bars:
    """Give bars on few prices: plateaus, ties, a stretch that stands still; volumes, a tenth of them below 20.

    The prices change from level to level in equal parts.
    """
    count, seed = 240, 3
    bars = walk(count, seed)
    level = np.repeat(levels, count // len(levels)) / 100
    columns = [np.round(column) for column in bars.columns()[:4]]
    for column in columns:
        column[60:90] = columns[3][60]
    volume = np.random.default_rng(seed).uniform(10, 100, count)
    opens, high, low, close = (column * level for column in columns)
    return Bars(bars.timeframe, bars.time, opens, high, low, close, volume)


def gappy(bars: Bars) -> Column:
    """Give what the oracle's script calls `gappy`."""
    return np.where(bars.volume >= 20, bars.close, NAN)


def run(name: str, *arguments: object) -> Column:
    """Call the kernel."""
    return np.asarray(TA[name].kernel(*arguments), dtype=np.float64)


def test_pynecore_agrees() -> None:
    """Extremes, their offsets and pivots equal PyneCore's to the bit, on plateaus, gaps, tiny and huge prices."""
    bars = rough_market(100.0, 1e-7, 1e12)
    sources = {"close": bars.close, "gappy": gappy(bars)}
    asked = {
        f"ta.{name}({source}, {length})": (name, column, length)
        for name in EXTREMES
        for source, column in sources.items()
        for length in (1, 2, 30)
    } | {
        f"ta.{name}({source}, {left}, {right})": (name, column, left, right)
        for name in PIVOTS
        for source, column in sources.items()
        for left, right in SIDES
    }
    for (text, call), theirs in zip(asked.items(), pine(list(asked), bars), strict=True):
        np.testing.assert_array_equal(run(*call), theirs, err_msg=text)


@settings(max_examples=100, deadline=None)
@given(source=prices, length=st.integers(1, 12))
def test_extremes_equal_their_definition(source: Column, length: int) -> None:
    """Na begins the window anew; the value is its greatest or least, the offset that of the first bar that has it."""
    for better, name in ((max, "highest"), (min, "lowest")):
        values, offsets = run(name, source, length), run(f"{name}bars", source, length)
        begin = 0
        for i, x in enumerate(source.tolist()):
            begin = i + 1 if math.isnan(x) else max(begin, i - length + 1)
            held = source[begin : i + 1].tolist()
            expected = better(held) if held and i >= length - 1 else NAN
            np.testing.assert_equal(values[i], expected)
            since = held.index(better(held)) - len(held) + 1 if held else 0
            np.testing.assert_equal(offsets[i], since if i >= length - 1 else NAN)


@settings(max_examples=100, deadline=None)
@given(source=prices, left=st.integers(0, 6), right=st.integers(0, 6))
def test_a_pivot_is_exceeded_by_nothing_and_matched_only_before_it(source: Column, left: int, right: int) -> None:
    """On a known source a pivot high is the greatest of its bars, and greater than all on its right; a low likewise."""
    known = source[~np.isnan(source)].copy()
    for sign, name in ((1, "pivothigh"), (-1, "pivotlow")):
        values, x = run(name, known, left, right), (sign * known).tolist()
        for i in range(len(x)):
            at = i - right
            is_pivot = (
                at >= left and all(p <= x[at] for p in x[at - left : at]) and all(p < x[at] for p in x[at + 1 : i + 1])
            )
            np.testing.assert_equal(values[i], known[at] if is_pivot else NAN)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 16, 17, 30, 64, 65, 999, 2000, 5000])
@pytest.mark.parametrize("course", ["walk", "up", "down"])
def test_talib_agrees(course: str, length: int) -> None:
    """Windows of any length, over more bars than are worked on at a time, hold what TA-Lib finds in them."""
    bars = walk(30_011, length)
    source = {"walk": bars.close, "up": np.arange(30_011.0), "down": -np.arange(30_011.0)}[course]
    np.testing.assert_array_equal(run("highest", source, length), talib.MAX(source, length))
    np.testing.assert_array_equal(run("lowest", source, length), talib.MIN(source, length))
    bar = np.arange(len(source))[length - 1 :]
    for name, theirs in (("highestbars", talib.MAXINDEX), ("lowestbars", talib.MININDEX)):
        np.testing.assert_array_equal(
            run(name, source, length)[length - 1 :], theirs(source, length)[length - 1 :] - bar
        )


@pytest.mark.parametrize("start", [0, 1, 4095, 4096, 9000])
def test_a_gap_anywhere_begins_the_window_anew(start: int) -> None:
    """After na the window grows from nothing, within the bars worked on together and at their edge."""
    source = walk(12_000, 8).close.copy()
    source[start : start + 3] = NAN
    values = run("highest", source, 50)
    np.testing.assert_array_equal(values[start + 60 :], talib.MAX(source[start + 3 :], 50)[57:])
    grown = np.maximum.accumulate(source[start + 3 : start + 53])
    np.testing.assert_array_equal(
        values[start + 3 : start + 53], np.where(np.arange(start + 3, start + 53) < 49, NAN, grown)
    )


def test_without_a_source_they_read_the_candles() -> None:
    """`ta.highest(10)` means high, `ta.lowest(10)` low; pivots likewise."""
    bars = walk(300, 5)
    for name, column, rest in (("highest", "high", "10"), ("lowestbars", "low", "10"), ("pivothigh", "high", "3, 2")):
        short, long = f"ta.{name}({rest})", f"ta.{name}({column}, {rest})"
        values, expected = (plan_text(text).evaluate(bars)["value"] for text in (short, long))
        np.testing.assert_array_equal(values, expected)
