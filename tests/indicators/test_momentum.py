"""Momentum, and what counts from the first candle on, against PyneCore, TA-Lib, pandas-ta, and exact sums."""

from __future__ import annotations

import math
import re
from itertools import accumulate

import numpy as np
import pytest
import talib

from engine.indicators import TA
from engine.indicators.catalogue import CatalogueCall
from tests.indicators.against_pine import LENGTHS, check
from tests.indicators.kernels import walk

_MACD = ("12, 26, 9", "1, 9, 4", "26, 12, 9", "5, 5, 5", "5, 8, 1", "2, 1, 99")


def _calls(source: str, lengths: tuple[int, ...]) -> list[str]:
    """Give calls of all functions with every length."""
    calls = [f"ta.{name}({source}, {n})" for name in ("mom", "change", "roc", "cog", "cmo") for n in lengths]
    calls += [f"ta.tsi({source}, {n}, {long})" for n in lengths for long in (1, 7, 30)]
    return [*calls, f"ta.change({source})", *(f"ta.{name}({source})" for name in ("cum", "max", "min"))]


def _meaning(call: str) -> str:
    """Give the call, or for roc and tsi of gaps what their definitions mean with each part called on every bar."""
    if match := re.fullmatch(r"ta\.roc\(gappy, (\d+)\)", call):
        return f"100 * ta.change(gappy, {match[1]}) / gappy[{match[1]}]"
    if match := re.fullmatch(r"ta\.tsi\(gappy, (\d+), (\d+)\)", call):
        net = f"ta.ema(ta.ema(ta.change(gappy), {match[2]}), {match[1]})"
        return f"{net} / ta.ema(ta.ema(math.abs(ta.change(gappy)), {match[2]}), {match[1]})"
    return call


def test_pynecore_agrees() -> None:
    """Momentum of closes, gaps, steps, tiny and huge prices is PyneCore's, na for na."""
    calls = [*_calls("close", LENGTHS), *_calls("gappy", LENGTHS)]
    calls += [call for source in ("low", "open", "high") for call in _calls(source, (2, 14))]
    macd = [f"ta.macd({source}, {lengths})" for source in ("close", "gappy", "low") for lengths in _MACD]
    calls += [f"{call}[{output}]" for call in macd for output in range(3)]
    check({call: _meaning(call) for call in calls})


def test_talib_agrees() -> None:
    """Where TA-Lib defines it likewise the values agree: mom, roc; macd and tsi once their seeds are forgotten."""
    close = walk(3000, 4).close
    np.testing.assert_allclose(np.asarray(TA["mom"].kernel(close, 10)), talib.MOM(close, 10), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(TA["roc"].kernel(close, 10)), talib.ROC(close, 10), rtol=1e-9)
    macd = TA["macd"].kernel(close, 12, 26, 9)
    for ours, theirs in zip(macd, talib.MACD(close, 12, 26, 9), strict=True):  # type: ignore[call-overload]  # columns
        np.testing.assert_allclose(ours[1000:], theirs[1000:], rtol=1e-9, atol=1e-12)
    tsi = np.asarray(TA["tsi"].kernel(close, 13, 25))
    columns = {"close": close}
    arguments = (("fast", 13), ("slow", 25), ("signal", 13))
    theirs = next(iter(CatalogueCall("tsi", ("close",), arguments).run(walk(3000).time, columns).values()))
    np.testing.assert_allclose(100 * tsi[1000:], theirs[1000:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("length", [2, 10, 60])
def test_the_centre_and_the_oscillator_equal_their_definitions(length: int) -> None:
    """cog and cmo are what their formulas give with exact sums."""
    close = walk(400, 6).close
    cog, cmo = np.asarray(TA["cog"].kernel(close, length)), np.asarray(TA["cmo"].kernel(close, length))
    for i in range(length, 400):
        newest_first = close[i - length + 1 : i + 1][::-1]
        pull = math.fsum(x * k for k, x in enumerate(newest_first, 1))
        assert cog[i] == pytest.approx(-pull / math.fsum(newest_first), rel=1e-11)
        changes = np.diff(close[i - length : i + 1])
        up, down = math.fsum(changes[changes > 0]), -math.fsum(changes[changes < 0])
        assert cmo[i] == pytest.approx(100 * (up - down) / (up + down), rel=1e-9, abs=1e-9)


def test_what_stands_still_has_no_oscillator() -> None:
    """Where nothing changes cmo is na, however much changed before; a fall below 1e-10 counts with the gains."""
    still = np.concatenate([walk(100).close, np.full(50, 7.3)])
    assert np.isnan(np.asarray(TA["cmo"].kernel(still, 10))[110:]).all()
    falling = -1e-11 * np.arange(50.0)
    assert np.asarray(TA["cmo"].kernel(falling, 10))[20:] == pytest.approx(100.0)


def test_totals_do_not_drift() -> None:
    """After a million bars, with huge ones in between, the total is within 1e-9 of the exact one."""
    source = np.random.default_rng(5).random(1_000_000)
    source[500_000], source[500_010] = 1e15, -1e15
    exact = list(accumulate(map(float, source[:1000])))
    values = np.asarray(TA["cum"].kernel(source))
    np.testing.assert_allclose(values[:1000], exact, rtol=1e-12)
    for i in (499_999, 500_005, 500_010, 999_999):
        assert values[i] == pytest.approx(math.fsum(source[: i + 1]), rel=1e-12)


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_pass_over_na(name: str) -> None:
    """Until the first value they are na; later bars with na leave them as they are."""
    source = np.array([np.nan, 2.0, np.nan, 3.0, 1.0, np.nan])
    expected = {"max": [2.0, 2.0, 3.0, 3.0, 3.0], "min": [2.0, 2.0, 2.0, 1.0, 1.0]}[name]
    np.testing.assert_array_equal(np.asarray(TA[name].kernel(source)), [np.nan, *expected])
