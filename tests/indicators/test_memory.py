"""A restart anywhere in the past gives the same values once `memory` bars have come."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from engine.indicators import TA, Endless
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.single import plan_text
from tests.indicators.kernels import NAMES, call, constants_of
from tests.shared import require_shared

MARKETS = ["sample hour", "sample minute", "eurusd_1h_ohlcv.csv", "btcusdt_1h_ohlcv.csv"]


# What of an error counts as none where values may come near 0: of 100.
ABSOLUTE = {"rsi": 1e-9}
# What rounding leaves in the mean of squares less the square of the mean, as a part of the squared price. TradingView
# computes variances so, its sums remember how they came about, and so the last digits depend on where history begins.
LOST = 1e-13


def _squares(name: str, outputs: Sequence[Column], factor: float) -> tuple[list[Column], float]:
    """Give what is made of variances as variances, and what one was multiplied by in units of the squared price.

    Of bands, the average comes first, which is compared as it is; the others are their squared distance to it.
    """
    if name == "bb":
        middle, *bands = outputs
        return [(band - middle) ** 2 for band in bands], factor**2
    if name == "bbw":
        return [outputs[0] ** 2], (200 * factor) ** 2
    return [outputs[0] ** (2 if name == "stdev" else 1)], 1.0


def _agree(name: str, bars: Bars, length: int, factor: float, again: list[Column], expected: list[Column]) -> None:
    """Equal to a relative 1e-9; where variances are in it, or to `LOST` of what they were computed from."""
    if name == "correlation":
        allowed = LOST * sum(
            np.max(x) ** 2 / TA["variance"].kernel(x, length, True)[-len(again[0]) :]  # type: ignore[index]  # a column
            for x in (bars.close, bars.open)
        )
        close = np.abs(again[0] - expected[0]) <= 1e-9 * np.abs(expected[0]) + allowed
        assert np.all(close | (allowed > 1e-3))
        assert np.mean(allowed > 1e-3) < 0.05
        return
    if name == "cci":
        # What rounding leaves in TradingView's mean, by the unit that the price's distance to it is measured in.
        unit = 0.015 * np.asarray(TA["dev"].kernel(bars.close, length))[-len(again[0]) :]
        allowed = 1e-14 * np.max(bars.close) / unit
        assert np.all(np.abs(again[0] - expected[0]) <= 1e-9 * np.abs(expected[0]) + allowed)
        return
    if name in ("variance", "stdev", "bb", "bbw"):
        if name == "bb":
            np.testing.assert_allclose(again[0], expected[0], rtol=1e-9)
        size = 1.0 if name == "bbw" else np.max(bars.close) ** 2
        again, by = _squares(name, again, factor)
        expected, _ = _squares(name, expected, factor)
        for values, wanted in zip(again, expected, strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=LOST * size * by)
        return
    for values, wanted in zip(again, expected, strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=ABSOLUTE.get(name, 0.0))


@cache
def _market(name: str) -> Bars:
    if name.startswith("sample"):
        return sample_bars("BTC/USDT", Timeframe(1, name[7]), SAMPLE_START_MS, 20_000)
    path = require_shared("tradingview", "strategies", name)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return Bars.of(Timeframe(1, "h"), [[3_600_000.0 * i, *map(float, row[1:6])] for i, row in enumerate(rows)])


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("name", [name for name in NAMES if TA[name].endless is None])
def test_a_restart_is_right_after_the_memory(name: str, market: str) -> None:
    """Values from `memory` bars after a restart on are within a relative 1e-9 of those without it, or rounding's."""
    function, bars = TA[name], _market(market)
    rng = np.random.default_rng(len(name))
    for length, factor in ((5, 1.0), (5, 6.0), (14, 3.0), (30, 2.0), (30, 5.0)):
        memory = function.memory(*constants_of(function, length, factor))
        whole = call(function, bars, length, factor)
        for start in rng.integers(1, len(bars) - memory - 200, 12):
            # 200 bars more, since a wrong value need not be the first one.
            stop = start + memory + 200
            part = bars[start:stop]
            again = [values[memory:] for values in call(function, part, length, factor)]
            _agree(name, part, length, factor, again, [values[start + memory : stop] for values in whole])


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("name", [name for name in NAMES if TA[name].endless in (Endless.SUM, Endless.PRODUCT)])
def test_a_total_is_wrong_by_a_constant(name: str, market: str) -> None:
    """Begun anywhere, a running total differs from that of all candles by one number, a running product by a factor."""
    function, bars = TA[name], _market(market)
    whole = call(function, bars)[0]
    for start in np.random.default_rng(1).integers(1, len(bars) - 500, 12):
        first = function.memory(*constants_of(function, 5, 2.0))
        again, expected = call(function, bars[start : start + 500])[0][first:], whole[start + first : start + 500]
        if function.endless is Endless.SUM:
            offset = again - expected
            assert np.ptp(offset) <= 1e-9 * np.nanmax(np.abs(whole))
        else:
            np.testing.assert_allclose(again / expected, again[0] / expected[0], rtol=1e-9)


@pytest.mark.parametrize(
    "expression",
    [
        "ta.ema(close, 12) - ta.sma(ta.rsi(close, 14), 9)[3]",
        "ta.rsi(ta.ema(hl2, 10), 7)",
        "pandas_ta.bbands(ta.ema(close, 10), length=20).BBP",
        "pandas_ta.rsi(length=14)",
        "pandas_ta.psar().PSARaf",
        "pandas_ta.vwap()",
        "pandas_ta.macd(fast=8, slow=17).MACDh",
        "ta.vwap.upper - ta.vwap(ta.ema(close, 5)).value",
    ],
)
def test_a_plan_adds_up_the_memory_along_its_edges(expression: str) -> None:
    """A whole plan is right to 1e-9 of its size from `warmup` bars after any restart on."""
    plan, bars = plan_text(expression), _market("sample hour")[:6000]
    whole = plan.evaluate(bars)["value"]
    size = float(np.nanmean(np.abs(whole)))
    for start in np.random.default_rng(2).integers(1, len(bars) - plan.warmup - 200, 10):
        again = plan.evaluate(bars[start : start + plan.warmup + 200])["value"][plan.warmup :]
        expected = whole[start + plan.warmup : start + plan.warmup + 200]
        np.testing.assert_allclose(again, expected, rtol=1e-9, atol=1e-9 * size)
