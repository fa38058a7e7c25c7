"""What holds for every kernel of Pine's `ta` namespace, and each against definitions written independently."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import TA, TRUE, UNKNOWN, Kind
from engine.indicators.catalogue import CatalogueCall
from engine.market import Bars
from engine.market.bars import Column
from tests.indicators.kernels import FLOORED, GROWS, NAMES, STANDING_STILL, call, constants_of, series_of, walk

NAN = math.nan
every_function = pytest.mark.parametrize("name", NAMES)


def _scaled(bars: Bars, by: float) -> Bars:
    return Bars(bars.timeframe, bars.time, *(column * by for column in bars.columns()))


def _flat(count: int, price: float) -> Bars:
    bars = walk(count)
    return Bars(bars.timeframe, bars.time, *(np.full(count, price) for _ in range(5)))


@every_function
@settings(max_examples=25, deadline=None)
@given(count=st.integers(0, 60), length=st.integers(1, 40), seed=st.integers(0, 1000))
def test_outputs_are_new_columns_of_the_inputs_length(name: str, count: int, length: int, seed: int) -> None:
    """Whatever the length of the input, each output is as long, contiguous, of its dtype, and owns its memory."""
    function, bars = TA[name], walk(count, seed)
    outputs = call(function, bars, length)
    assert len(outputs) == len(function.outputs)
    for output in outputs:
        assert output.shape == (count,)
        assert output.flags.c_contiguous
        assert output.dtype == (np.int8 if function.result is Kind.CONDITION else np.float64)
        assert not any(np.shares_memory(output, column) for column in bars.columns())


@every_function
def test_inputs_stay_as_they_were(name: str) -> None:
    """A kernel changes none of the columns that it reads."""
    function, bars = TA[name], walk(50)
    series = series_of(function, bars)
    read = [getattr(bars, column) for column in function.reads]
    before = [column.copy() for column in (*series, *read)]
    function.kernel(*read, *series, *constants_of(function, 5, 2.0))
    for column, kept in zip((*series, *read), before, strict=True):
        np.testing.assert_array_equal(column, kept)


@every_function
@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 120), length=st.integers(1, 30), seed=st.integers(0, 1000))
def test_no_kernel_looks_ahead(name: str, cut: int, length: int, seed: int) -> None:
    """Cutting the future off changes no earlier value, to the bit."""
    bars = walk(120, seed)
    for whole, part in zip(call(TA[name], bars, length), call(TA[name], bars[:cut], length), strict=True):
        np.testing.assert_array_equal(whole[:cut], part)


@pytest.mark.parametrize("name", ["ema", "rma", "rsi"])
@settings(max_examples=50, deadline=None)
@given(known=st.lists(st.booleans(), max_size=80), length=st.integers(1, 12))
def test_a_bar_with_na_gives_na_and_is_skipped(name: str, known: list[bool], length: int) -> None:
    """Where the source is na so is the value, and the other values are those of the source without such bars."""
    source, mask = walk(len(known)).close, np.array(known, dtype=np.bool_)
    values = TA[name].kernel(np.where(mask, source, NAN), length)
    expected = np.full(len(source), NAN)
    expected[mask] = TA[name].kernel(source[mask].copy(), length)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("name", ["crossover", "crossunder"])
@settings(max_examples=50, deadline=None)
@given(known=st.lists(st.booleans(), max_size=80))
def test_a_cross_is_unknown_where_a_side_is_na_and_looks_past_it(name: str, known: list[bool]) -> None:
    """Where a side is na the cross is UNKNOWN; elsewhere the last bar with both known is the one before."""
    bars, mask = walk(len(known)), np.array(known, dtype=np.bool_)
    values = TA[name].kernel(np.where(mask, bars.close, NAN), bars.open)
    expected = np.full(len(mask), UNKNOWN, dtype=np.int8)
    expected[mask] = TA[name].kernel(bars.close[mask].copy(), bars.open[mask].copy())  # type: ignore[call-overload]  # a column
    np.testing.assert_array_equal(values, expected)


def test_tr_without_the_last_close_is_na_or_the_bars_own_range() -> None:
    """Where the last close is na, tr(true) is high - low and tr(false) is na."""
    bars = walk(5)
    close = bars.close.copy()
    close[2] = NAN
    loose = np.asarray(TA["tr"].kernel(bars.high, bars.low, close, True))
    strict = np.asarray(TA["tr"].kernel(bars.high, bars.low, close, False))
    assert np.flatnonzero(np.isnan(strict)).tolist() == [0, 3]
    assert loose[[0, 3]].tolist() == (bars.high - bars.low)[[0, 3]].tolist()


@every_function
@pytest.mark.parametrize("price", [0.1, 1e15, 1e-9])
def test_a_market_that_stands_still(name: str, price: float) -> None:
    """On a constant series averages are that constant to 1e-14, ranges and totals 0, and nothing ever crosses.

    A variance is 0 to 1e-14 of the squared price, and a deviation to 1e-14 of the price: TradingView's too are what
    rounding leaves of equal numbers. Where it left something, all distances to the mean are one, and cci is 1 / 0.015.
    """
    expected = STANDING_STILL.get(name, price)
    first = np.asarray(call(TA[name], _flat(300, price), 14)[0], dtype=np.float64)
    if name == "cum":
        first /= np.arange(1.0, 301.0)
    if name == "correlation" and price > 1:
        return  # the covariance is what rounding leaves, and above TradingView's floor
    square = {"variance": price**2, "stdev": price**2, "bbw": 400.0**2, "dev": price}.get(name, 0.0)
    if name in ("stdev", "bbw"):
        first = first**2
    if name == "cci":
        np.testing.assert_allclose(np.abs(first[~np.isnan(first)]), 1 / 0.015, rtol=1e-14)
        return
    np.testing.assert_allclose(first[~np.isnan(first)][1:], expected, rtol=1e-14, atol=1e-14 * square)
    assert np.isnan(first[20:]).any() == np.isnan(expected)


def test_averages_of_a_constant_do_not_cross_each_other() -> None:
    """ema and rma of a constant hold still after their start, so that no rounding makes them cross."""
    source = np.full(3000, 0.1)
    for name in ("ema", "rma"):
        values = np.asarray(TA[name].kernel(source, 14))[13:]
        assert np.unique(values).size == 1


@every_function
@pytest.mark.parametrize("scale", [1e13, 1e-7, 1e-11])
def test_the_size_of_the_numbers_does_not_matter(name: str, scale: float) -> None:
    """On prices that are huge or tiny the values are the same, in proportion, to 1e-9; some have a floor of 1e-10."""
    if name in FLOORED and scale < 1:
        scale = 1e-3 if name == "correlation" else 1e-5
    bars = walk(400)
    for i, (values, scaled) in enumerate(
        zip(call(TA[name], bars, 14), call(TA[name], _scaled(bars, scale), 14), strict=True)
    ):
        factor = scale ** GROWS.get(f"{name}.{TA[name].outputs[i]}", GROWS.get(name, 0))
        tolerance = 1e-6 if name in FLOORED and scale < 1 else 1e-9
        # A correlation may be near 0, and of what it is computed from the size does not matter, but the digits do.
        noise = 1e-9 if name == "correlation" else 0.0
        if name == "vwap" and i > 0:
            # Right after an anchor a variance is what rounding leaves of the squared price, in other digits.
            noise = 1e-7 * factor * np.max(bars.close)
        np.testing.assert_allclose(scaled, values * factor, rtol=tolerance, atol=noise, equal_nan=True)


def _sma(source: list[float], length: int) -> list[float]:
    return [math.fsum(source[i - length + 1 : i + 1]) / length if i >= length - 1 else NAN for i in range(len(source))]


def _decaying(source: list[float], length: int, alpha: float) -> list[float]:
    out = [NAN] * (length - 1) + [math.fsum(source[:length]) / length]
    for x in source[length:]:
        out.append(alpha * x + (1 - alpha) * out[-1])
    return out[: len(source)] if len(source) >= length else [NAN] * len(source)


def _ema(source: list[float], length: int) -> list[float]:
    return _decaying(source, length, 2 / (length + 1))


def _rma(source: list[float], length: int) -> list[float]:
    return _decaying(source, length, 1 / length)


def _rsi(source: list[float], length: int) -> list[float]:
    changes = [b - a for a, b in pairwise(source)]
    up, down = _rma([max(c, 0.0) for c in changes], length), _rma([max(-c, 0.0) for c in changes], length)
    values = [100 - 100 / (1 + u / d) if d > 1e-10 else 100 + 0 * u for u, d in zip(up, down, strict=True)]
    return [NAN, *(v if not math.isnan(u) else NAN for u, v in zip(up, values, strict=True))]


@pytest.mark.parametrize(("name", "reference"), [("sma", _sma), ("ema", _ema), ("rma", _rma), ("rsi", _rsi)])
@pytest.mark.parametrize("length", [1, 2, 14, 99])
def test_averages_equal_their_definition(
    name: str, reference: Callable[[list[float], int], list[float]], length: int
) -> None:
    """The value is that of the formula written out with exact sums, na for na."""
    source = walk(500).close
    values = np.asarray(TA[name].kernel(source, length))
    np.testing.assert_allclose(values, reference(source.tolist(), length), rtol=1e-11, equal_nan=True)


def test_rsi_at_its_ends() -> None:
    """Rising only is 100, falling only is 0, standing still is 100."""
    rising = np.arange(1.0, 30.0)
    assert np.asarray(TA["rsi"].kernel(rising, 14))[14:].tolist() == [100.0] * 15
    assert np.asarray(TA["rsi"].kernel(rising[::-1].copy(), 14))[14:].tolist() == [0.0] * 15
    assert np.asarray(TA["rsi"].kernel(np.ones(29), 14))[14:].tolist() == [100.0] * 15


def test_crosses_equal_their_definition() -> None:
    """A crossover is above now and at or below before; a crossunder is the mirror image."""
    bars = walk(500)
    a, b = np.round(bars.close), np.round(bars.open * 1.001)
    over = [False, *((a[1:] > b[1:]) & (a[:-1] <= b[:-1]))]
    under = [False, *((a[1:] < b[1:]) & (a[:-1] >= b[:-1]))]
    assert (np.asarray(TA["crossover"].kernel(a, b)) == TRUE).tolist() == over
    assert (np.asarray(TA["crossunder"].kernel(a, b)) == TRUE).tolist() == under
    assert sum(over) > 5


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_supertrend_equals_its_definition(factor: float) -> None:
    """The line and the side are those of Pine's published source, from the second bar on."""
    bars = walk(800, 3)
    value, direction = call(TA["supertrend"], bars, 10, factor)
    reach = call(TA["atr"], bars, 10)[0]
    middle = (bars.high + bars.low) / 2
    lower = upper = before = NAN
    side = 1
    for i in range(1, len(bars)):
        new_lower, new_upper = middle[i] - factor * reach[i], middle[i] + factor * reach[i]
        lower = new_lower if not (new_lower <= lower and bars.close[i - 1] >= lower) else lower
        upper = new_upper if not (new_upper >= upper and bars.close[i - 1] <= upper) else upper
        if math.isnan(reach[i - 1]):
            side = 1
        elif before == 1:
            side = -1 if bars.close[i] > upper else 1
        else:
            side = 1 if bars.close[i] < lower else -1
        before = side
        assert direction[i] == side
        np.testing.assert_equal(value[i], (upper if side == 1 else lower) if not math.isnan(reach[i]) else NAN)
    assert {-1.0, 1.0} <= set(direction.tolist())


def test_the_simple_average_does_not_drift() -> None:
    """After 200,000 bars with huge values in between, the running sum is within a relative 1e-9 of the exact one."""
    rng = np.random.default_rng(5)
    source = 1e-3 + rng.random(200_000)
    source[50_000:50_100] += 1e15
    values = np.asarray(TA["sma"].kernel(source, 200))
    for i in (199, 49_999, 50_050, 50_400, 123_456, 199_999):
        exact = math.fsum(source[i - 199 : i + 1]) / 200
        assert abs(values[i] - exact) <= 1e-9 * abs(exact)


@pytest.mark.parametrize("length", [5, 14, 50])
def test_pandas_ta_agrees(length: int) -> None:
    """Where pandas-ta defines it likewise the values agree to 1e-9: sma, ema, rma, rsi; true range; atr once warm."""
    bars = walk(3000, 9)

    def theirs(name: str, *inputs: str, **arguments: int) -> Column:
        columns = {column: getattr(bars, column) for column in inputs}
        return next(iter(CatalogueCall(name, inputs, tuple(arguments.items())).run(bars.time, columns).values()))

    for name in ("sma", "ema", "rma", "rsi"):
        ours = np.asarray(TA[name].kernel(bars.close, length))
        warm = TA[name].memory(length)
        np.testing.assert_allclose(ours[warm:], theirs(name, "close", length=length)[warm:], rtol=1e-9)
    ranges = call(TA["tr"], bars)[0]
    np.testing.assert_allclose(ranges[1:], theirs("true_range", "high", "low", "close")[1:], rtol=1e-12)
    warm = TA["atr"].memory(length)
    average = call(TA["atr"], bars, length)[0]
    np.testing.assert_allclose(average[warm:], theirs("atr", "high", "low", "close", length=length)[warm:], rtol=1e-8)


@every_function
def test_memory_is_said_for_any_constants(name: str) -> None:
    """Memory is a whole number of bars, 0 or more, that does not shrink as the length grows."""
    function = TA[name]
    said = [function.memory(*constants_of(function, length, 3.0)) for length in (1, 2, 14, 200, 5000)]
    assert all(isinstance(bars, int) and bars >= 0 for bars in said)
    assert said == sorted(said)


def test_functions_and_their_names() -> None:
    """The table is keyed by the functions' own names, and each says how it is called."""
    assert all(name == function.name for name, function in TA.items())
    assert TA["rsi"].signature == "ta.rsi(source, length)"
    assert TA["tr"].signature == "ta.tr(handle_na=false)"
    assert replace(TA["rsi"], name="x").signature == "ta.x(source, length)"
