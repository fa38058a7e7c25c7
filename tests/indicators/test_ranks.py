"""Median, mode, percentiles, percentrank and rci against PyneCore, pandas-ta, numpy and their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import TA
from engine.indicators.catalogue import CatalogueCall
from engine.market import Bars, Timeframe
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine

NAN = math.nan


def _market() -> Bars:
    """Give candles with ties, ties but for 1e-10, plateaus, and gaps in the volume; from 1e-9 to 1e14."""
    bars, rng = walk(500, 21), np.random.default_rng(8)
    close = bars.close.copy()
    for k, (digits, size) in enumerate([(0, 1.0), (6, 1.0), (2, 1e-7), (0, 3e-11), (0, 1e12)]):
        part = slice(100 * k, 100 * k + 100)
        close[part] = np.round(close[part], digits) * size
        close[100 * k + 40 : 100 * k + 60] = close[100 * k + 40]
    volume = np.where(rng.random(500) < 0.15, 1.0, 50.0)
    volume[:6] = [1, 1, 50, 1, 50, 50]
    volume[130:180] = volume[330:380] = 50.0
    return Bars(Timeframe(1, "h"), bars.time, close, close, close, close, volume)


def test_pynecore_agrees() -> None:
    """On ties, near-ties below 1e-10, plateaus, gaps, tiny and huge prices the values are PyneCore's, na for na."""
    bars = _market()
    source, close = np.where(bars.volume >= 20, bars.close, NAN), bars.close
    cases: list[tuple[str, object]] = []
    for length in (1, 2, 3, 10):
        for name in ("median", "mode", "percentrank"):
            if (name, length) == ("median", 1):
                continue  # PyneCore's short cut gives na on na there, against what it measured for every other length.
            cases.append((f"ta.{name}(gappy, {length})", TA[name].kernel(source, length)))
        for name in ("percentile_nearest_rank", "percentile_linear_interpolation"):
            cases += [
                (f"ta.{name}(gappy, {length}, {percentage})", TA[name].kernel(source, length, percentage))
                for percentage in (0.0, 30.0, 50.0, 66.6, 100.0)
            ]
        # PyneCore hangs on an rci whose window holds na.
        cases.append((f"ta.rci(close, {length})", TA["rci"].kernel(close, length)))
    for (expression, values), wanted in zip(cases, pine([e for e, _ in cases], bars), strict=True):
        np.testing.assert_allclose(
            np.asarray(values), wanted, rtol=1e-12, atol=1e-12, equal_nan=True, err_msg=expression
        )


@pytest.mark.parametrize("length", [2, 9, 30])
def test_pandas_ta_and_numpy_agree(length: int) -> None:
    """pandas-ta's median, and numpy's Hazen percentiles, are the same."""
    bars = walk(1500, 9)
    theirs = CatalogueCall("median", ("close",), (("length", length),)).run(bars.time, {"close": bars.close})
    values = np.asarray(TA["median"].kernel(bars.close, length))
    np.testing.assert_array_equal(values[length:], next(iter(theirs.values()))[length:])
    windows = np.lib.stride_tricks.sliding_window_view(bars.close, length)
    for percentage in (0.0, 10.0, 50.0, 77.7, 100.0):
        linear = np.asarray(TA["percentile_linear_interpolation"].kernel(bars.close, length, percentage))
        wanted = np.percentile(windows, percentage, axis=1, method="hazen")
        np.testing.assert_allclose(linear[length - 1 :], wanted, rtol=1e-12)
        nearest = np.asarray(TA["percentile_nearest_rank"].kernel(bars.close, length, percentage))
        wanted = np.percentile(windows, percentage, axis=1, method="inverted_cdf")
        np.testing.assert_array_equal(nearest[length - 1 :], wanted)


@pytest.mark.parametrize("name", ["median", "mode"])
@settings(max_examples=60, deadline=None)
@given(prices=st.lists(st.one_of(st.just(NAN), st.integers(-4, 4).map(float)), max_size=60), length=st.integers(1, 9))
def test_median_and_mode_equal_their_definition(name: str, prices: list[float], length: int) -> None:
    """They are those of the last `length` known values, and stay on a bar with na."""
    values = np.asarray(TA[name].kernel(np.array(prices, dtype=np.float64), length))
    known: list[float] = []
    for price, value in zip(prices, values.tolist(), strict=True):
        if not math.isnan(price):
            known.append(price)
        seen = sorted(known[-length:])
        if len(seen) < length:
            assert math.isnan(value)
        elif name == "median":
            assert value == float(np.median(seen))
        else:
            assert value == max(seen, key=lambda x: (seen.count(x), -x))


@pytest.mark.parametrize(("length", "gaps"), [(2, True), (5, False), (14, True), (14, False), (40, False)])
def test_rci_is_the_correlation_of_ranks(length: int, gaps: bool) -> None:
    """rci is 100 times Pearson's correlation of time and mean ranks; a window with na has none."""
    source = np.round(walk(300, 5).close)
    if gaps:
        source[[30, 31, 170]] = NAN
    values = np.asarray(TA["rci"].kernel(source, length))
    for i in range(length, 300):
        seen = source[i - length + 1 : i + 1]
        ranks = np.array([np.mean(np.flatnonzero(np.sort(seen) == x)) if not math.isnan(x) else NAN for x in seen])
        if np.isnan(ranks).any() or np.ptp(ranks) == 0:
            assert math.isnan(values[i])
        else:
            assert values[i] == pytest.approx(100 * np.corrcoef(np.arange(length), ranks)[0, 1], rel=1e-9, abs=1e-9)
    assert np.isnan(values[:length]).all()


def test_rising_and_falling_ranks() -> None:
    """Rising only: percentrank 100 and rci 100; falling only: 0 and -100; standing still: 100 and na."""
    rising = np.arange(1.0, 40.0)
    for source, percent, index in ((rising, 100.0, 100.0), (rising[::-1].copy(), 0.0, -100.0)):
        assert set(np.asarray(TA["percentrank"].kernel(source, 10))[10:].tolist()) == {percent}
        np.testing.assert_allclose(np.asarray(TA["rci"].kernel(source, 10))[10:], index, rtol=1e-14)
    still = np.full(39, 0.1)
    assert set(np.asarray(TA["percentrank"].kernel(still, 10))[10:].tolist()) == {100.0}
    assert np.isnan(np.asarray(TA["rci"].kernel(still, 10))).all()


@pytest.mark.parametrize("length", [1, 7, 50, 300])
def test_a_value_is_that_of_its_window_alone(length: int) -> None:
    """On ties, wherever the column begins, each value is to the bit the same."""
    source = np.round(walk(1500, 6).close)
    for cut in (321, 777):
        for name, constants in (
            ("median", ()),
            ("mode", ()),
            ("rci", ()),
            ("percentile_nearest_rank", (33.0,)),
            ("percentile_linear_interpolation", (66.0,)),
        ):
            whole = np.asarray(TA[name].kernel(source, length, *constants))
            part = np.asarray(TA[name].kernel(source[cut:].copy(), length, *constants))
            np.testing.assert_array_equal(whole[cut + length :], part[length:], err_msg=name)
