"""Deviations, bands, channels and stochastics against PyneCore, TA-Lib, pandas-ta and their definitions."""

from __future__ import annotations

import csv
import math
from fractions import Fraction

import numpy as np
import pytest
import talib

from engine.indicators import TA
from engine.indicators.catalogue import CatalogueCall
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine
from tests.shared import require_shared

NAN = math.nan
SIZES = [1e-7, 1e12]


def _market(size: float) -> Bars:
    """Give candles with gaps in the volume, plateaus, ties and bars without range, around 100 * `size`."""
    bars = walk(400, 11)
    close = np.round(bars.close, 1)
    close[120:170] = close[120]
    close[300:303] = close[300]
    high, low = np.maximum(np.round(bars.high, 1), close), np.minimum(np.round(bars.low, 1), close)
    high[120:170] = low[120:170] = close[120]
    volume = np.where(np.random.default_rng(4).random(400) < 0.1, 1.0, 50.0)
    volume[200:260] = 50.0
    open_, high, low, close = (x * size for x in (close, high, low, close))
    return Bars(Timeframe(1, "h"), bars.time, open_, high, low, close, volume)


def _run(name: str, *arguments: object) -> list[Column]:
    """Call a kernel; give its outputs."""
    result = TA[name].kernel(*arguments)
    return [np.asarray(output) for output in (result if isinstance(result, tuple) else (result,))]


def _gappy(bars: Bars) -> Column:
    return np.where(bars.volume >= 20, bars.close, NAN)


def _agree(values: Column, wanted: Column, *, noise: float = 0.0) -> None:
    """Equal to a relative 1e-9, na for na; `noise` is what Pine's own formula loses to cancellation."""
    np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=noise, equal_nan=True)


@pytest.mark.parametrize("size", SIZES)
def test_pynecore_agrees(size: float) -> None:
    """On plateaus, ties, gaps, tiny and huge prices the values are PyneCore's, na for na."""
    bars = _market(size)
    source, high, low, close = _gappy(bars), bars.high, bars.low, bars.close
    square, level = 5e-15 * (110 * size) ** 2, 1e-15 * 110 * size
    cases: list[tuple[str, Column, float]] = []

    def case(expression: str, values: Column, noise: float = 0.0) -> None:
        cases.append((expression, values, noise))

    for length in (1, 2, 3, 14):
        case(f"ta.variance(gappy, {length})", _run("variance", source, length, True)[0], square)
        case(f"ta.variance(close, {length}, False)", _run("variance", close, length, False)[0], 2 * square)
        case(f"ta.stdev(gappy, {length})", _run("stdev", source, length, True)[0], math.sqrt(square))
        case(f"ta.dev(gappy, {length})", _run("dev", source, length)[0], level)
        case(f"ta.bbw(gappy, {length}, 2.0)", _run("bbw", source, length, 2.0)[0], 2e-5)
        case(f"ta.kcw(gappy, {length}, 1.5)", _run("kcw", high, low, close, source, length, 1.5, True)[0], 1e-14)
        (wide,) = _run("kcw", high, low, close, source, length, 1.5, False)
        case(f"ta.kcw(gappy, {length}, 1.5, False)", wide, 1e-14)
        for k, band in enumerate(_run("bb", source, length, 2.0)):
            case(f"ta.bb(gappy, {length}, 2.0)[{k}]", band, 3 * math.sqrt(square))
        for k, line in enumerate(_run("kc", high, low, close, source, length, 1.5, True)):
            case(f"ta.kc(gappy, {length}, 1.5)[{k}]", line)
        case(f"ta.stoch(close, high, low, {length})", _run("stoch", close, high, low, length)[0])
        # PyneCore does not call its extremes on bars with na, and then finds old slots; the reference's formula does.
        spread = f"(ta.highest(high, {length}) - ta.lowest(low, {length}))"
        over = f"100 * (gappy - ta.lowest(low, {length})) / {spread}"
        case(over, _run("stoch", source, high, low, length)[0])
        case(f"ta.range(close, {length})", _run("range", close, length)[0])
        between = f"ta.highest(gappy, {length}) - ta.lowest(gappy, {length})"
        case(between, _run("range", source, length)[0])
        # PyneCore gives the close itself for a length of 1.
        under = f"100 * (close - ta.highest(high, {length})) / {spread}"
        case(under, _run("wpr", high, low, close, length)[0])
        case(f"ta.cci(gappy, {length})", _run("cci", source, length)[0])
        for first, second, x, y in (
            ("close", "high", close, high),
            ("high", "volume", high, bars.volume),
            ("gappy", "high", source, high),
            ("gappy", "gappy + low", source, source + low),
        ):
            case(f"ta.correlation({first}, {second}, {length})", _run("correlation", x, y, length)[0], 1e-8)
    answers = pine([expression for expression, _, _ in cases], bars)
    for (expression, values, noise), wanted in zip(cases, answers, strict=True):
        compared = np.full(len(bars), True)
        if "correlation" in expression:
            # Where a window stands still (correlation 0), rounding errors are left in PyneCore's sums.
            compared = np.isfinite(values) & (values != 0)
        try:
            _agree(values[compared], wanted[compared], noise=noise)
        except AssertionError as error:
            raise AssertionError(f"{expression}\n{error}") from None


def _eurusd() -> Bars:
    """Give hourly candles of EURUSD, whose variances are a millionth of the squared price and less."""
    with require_shared("tradingview", "indicators", "pivot.csv").open(newline="") as file:
        heads, *rows = csv.reader(file)
    at = [[head.lower() for head in heads].index(name) for name in ("open", "high", "low", "close", "volume")]
    candles = [[3_600_000.0 * i, *(float(row[k]) for k in at)] for i, row in enumerate(rows)]
    return Bars.of(Timeframe(1, "h"), candles)


@pytest.mark.parametrize("market", ["eurusd", "walk", "tiny", "huge"])
def test_what_rounding_leaves_is_pynecores_to_the_bit(market: str) -> None:
    """Though digits are lost to rounding, what is left of variances, deviations and correlations is PyneCore's."""
    bars = _eurusd() if market == "eurusd" else _market({"walk": 1.0, "tiny": 1e-7, "huge": 1e12}[market])
    wanted: dict[str, Column] = {}
    for length in (1, 5, 10, 20, 50):
        for name, source in (("close", bars.close), ("gappy", _gappy(bars))):
            wanted[f"ta.variance({name}, {length})"] = _run("variance", source, length, True)[0]
            wanted[f"ta.variance({name}, {length}, False)"] = _run("variance", source, length, False)[0]
            wanted[f"ta.stdev({name}, {length})"] = _run("stdev", source, length, True)[0]
            wanted[f"ta.dev({name}, {length})"] = _run("dev", source, length)[0]
            wanted[f"ta.cci({name}, {length})"] = _run("cci", source, length)[0]
            wanted[f"ta.bbw({name}, {length}, 2.0)"] = _run("bbw", source, length, 2.0)[0]
            for k, band in enumerate(_run("bb", source, length, 2.0)):
                wanted[f"ta.bb({name}, {length}, 2.0)[{k}]"] = band
            for other, column in (
                ("high", bars.high),
                ("volume", bars.volume),
                ("gappy + low", _gappy(bars) + bars.low),
            ):
                wanted[f"ta.correlation({name}, {other}, {length})"] = _run("correlation", source, column, length)[0]
    for (expression, values), theirs in zip(wanted.items(), pine(list(wanted), bars), strict=True):
        np.testing.assert_array_equal(values, theirs, err_msg=expression)


@pytest.mark.parametrize("length", [2, 14, 50])
def test_talib_agrees(length: int) -> None:
    """Where TA-Lib defines it likewise the values agree to 1e-9."""
    bars = walk(3000, 9)
    high, low, close = bars.high, bars.low, bars.close
    pairs: list[tuple[Column, Column]] = [
        (_run("stdev", close, length, True)[0], talib.STDDEV(close, length)),
        (_run("variance", close, length, True)[0], talib.VAR(close, length)),
        (_run("wpr", high, low, close, length)[0], talib.WILLR(high, low, close, length)),
        (_run("stoch", close, high, low, length)[0], talib.STOCHF(high, low, close, length, 1)[0]),
        (_run("correlation", close, bars.volume, length)[0], talib.CORREL(close, bars.volume, length)),
        (_run("cci", (high + low + close) / 3, length)[0], talib.CCI(high, low, close, length)),
        (_run("dev", close, length)[0], talib.AVGDEV(close, length)),
    ]
    upper, middle, lower = talib.BBANDS(close, length, 2.0, 2.0)
    pairs += zip(_run("bb", close, length, 2.0), (middle, upper, lower), strict=True)
    for values, wanted in pairs:
        np.testing.assert_allclose(values[length:], wanted[length:], rtol=1e-9, atol=1e-5 if length == 2 else 1e-9)


def test_pandas_ta_agrees() -> None:
    """pandas-ta's width, deviation, index and Keltner channel of the plain range are the same once warm."""
    bars = walk(3000, 9)

    def theirs(name: str, *inputs: str, **arguments: float) -> dict[str, Column]:
        columns = {column: getattr(bars, column) for column in inputs}
        return CatalogueCall(name, inputs, tuple(arguments.items())).run(bars.time, columns)

    (bandwidth,) = (v for k, v in theirs("bbands", "close", length=20, std=2.0).items() if k.startswith("BBB"))
    _agree(_run("bbw", bars.close, 20, 2.0)[0][20:], bandwidth[20:])
    (deviation,) = theirs("mad", "close", length=20).values()
    _agree(_run("dev", bars.close, 20)[0][20:], deviation[20:])
    channel = theirs("kc", "high", "low", "close", length=20, scalar=2.0, tr=True)
    ours = _run("kc", bars.high, bars.low, bars.close, bars.close, 20, 2.0, True)
    warm = TA["kc"].memory(20, 2.0, True)
    lines: list[Column] = [channel[next(k for k in channel if k.startswith(start))] for start in ("KCB", "KCU", "KCL")]
    for line, wanted in zip(ours, lines, strict=True):
        np.testing.assert_allclose(line[warm:], wanted[warm:], rtol=1e-8)


def _exact_variance(values: Column) -> float:
    numbers = [Fraction(float(value)) for value in values]
    mean = sum(numbers) / len(numbers)
    return float(sum((number - mean) ** 2 for number in numbers) / len(numbers))


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_deviations_do_not_drift(offset: float) -> None:
    """After 500,000 bars and spikes a hundred times the price, a variance is exact to 1e-11 of the squared price.

    Relative to the squared price, since TradingView's formula, which is ours, loses what is less. So is a correlation,
    relative to the squared price over the variance.
    """
    rng = np.random.default_rng(5)
    source = offset + np.cumsum(rng.normal(0, 1, 500_000))
    usual = np.abs(source).max()
    spike = 100 * usual
    source[100_000:100_003] = spike
    source[300_000] = -spike
    for length in (5, 20, 200):
        values = _run("variance", source, length, True)[0]
        for i in (length - 1, 100_004, 100_001 + length, 100_003 + length, 300_001 + length, 432_101, 499_999):
            seen = source[i - length + 1 : i + 1]
            assert abs(values[i] - _exact_variance(seen)) <= 1e-11 * usual**2
        other = _run("correlation", source, 3 * source + 7, length)[0]
        error = np.abs(other - 1)[100_003 + length : 300_000]
        assert np.nanmax(error * values[100_003 + length : 300_000]) <= 1e-11 * usual**2
    middle = _run("bb", source, 20, 2.0)[0]
    for i in (100_025, 300_020, 499_999):
        exact = math.fsum(source[i - 19 : i + 1]) / 20
        assert abs(middle[i] - exact) <= 1e-9 * abs(exact)


@pytest.mark.parametrize("length", [1, 20, 300])
def test_long_columns_begin_with_the_values_of_shorter_ones(length: int) -> None:
    """Many blocks of bars at once give to the bit what a few one by one give, through an infinity too."""
    rng = np.random.default_rng(length)
    close, volume = 100 + np.cumsum(rng.normal(0, 0.1, 60_001)), np.round(rng.exponential(5, 60_001), 3) + 1e-3
    volume[[26_000, 31_999, 35_000]] = math.inf
    calls: list[tuple[str, tuple[Column, ...], tuple[float, ...]]] = [
        ("bb", (volume,), (length, 2.0)),
        ("variance", (close,), (length, True)),
        ("variance", (volume,), (length, length == 1)),
        ("correlation", (close, volume), (length,)),
    ]
    for name, series, constants in calls:
        long, short = (_run(name, *(x[:n] for x in series), *constants) for n in (60_001, 41_000))
        for one, other in zip(long, short, strict=True):
            np.testing.assert_array_equal(one[:41_000], other, err_msg=name)
            assert np.isfinite(one[40_000:]).all()


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64])
def test_extremes_are_those_of_the_window_since_the_last_na(length: int) -> None:
    """range is the maximum less the minimum over the last bars, cut off at the last na; na where the bar is."""
    rng = np.random.default_rng(length)
    source = np.round(rng.normal(0, 2, 500)) + np.repeat(rng.normal(0, 9, 10), 50)
    source[rng.random(500) < 0.03] = NAN
    source[40:45] = NAN
    wanted = np.full(500, NAN)
    for i in range(length - 1, 500):
        seen = source[i - length + 1 : i + 1]
        gaps = np.flatnonzero(np.isnan(seen))
        run = seen[gaps[-1] + 1 :] if len(gaps) else seen
        if len(run):
            wanted[i] = run.max() - run.min()
    np.testing.assert_array_equal(_run("range", source, length)[0], wanted)


def test_a_channel_around_zero_has_no_width() -> None:
    """Where the middle line is 0 a width in parts of it is na."""
    source = np.tile([-1.0, 1.0], 20)
    assert np.isnan(_run("bbw", source, 2, 2.0)[0]).all()
    bars = walk(40)
    still = np.zeros(40)
    assert np.isnan(_run("kcw", bars.high, bars.low, bars.close, still, 2, 2.0, True)[0]).all()
