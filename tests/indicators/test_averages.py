"""Moving averages against PyneCore, TA-Lib, pandas-ta, and exact sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import TA
from engine.indicators.catalogue import CatalogueCall
from engine.market.bars import Column
from tests.indicators.against_pine import LENGTHS, check
from tests.indicators.kernels import walk

NAN = math.nan


def _calls(source: str, lengths: tuple[int, ...]) -> list[str]:
    """Give calls of every average with every length."""
    calls = [f"ta.{name}({source}, {n})" for name in ("sma", "ema", "rma", "wma", "vwma") for n in lengths]
    calls += [f"ta.linreg({source}, {n}, {offset})" for n in lengths for offset in (0, 3, -2)]
    calls += [f"ta.alma({source}, {n}, {rest})" for n in lengths for rest in ("0.85, 6.0", "0.3, 4.0, True")]
    return [*calls, f"ta.swma({source})", *(f"ta.hma({source}, {n})" for n in lengths if n > 1)]


def test_pynecore_agrees() -> None:
    """Averages of closes, gaps, steps, tiny and huge prices are PyneCore's, na for na.

    With gaps, hma is PyneCore's of its published definition, with each wma called on every bar.
    """
    calls = [*_calls("close", LENGTHS), *_calls("gappy", LENGTHS)]
    calls += [call for source in ("low", "open", "high") for call in _calls(source, (2, 14, 30))]
    hull = {
        f"ta.hma(gappy, {n})": f"ta.wma(2 * ta.wma(gappy, {n // 2}) - ta.wma(gappy, {n}), {math.isqrt(n)})"
        for n in LENGTHS
        if n > 1
    }
    check({call: hull.get(call, call) for call in calls})


def test_hull_average_of_one_bar_is_na() -> None:
    """hma with length 1, which Pine refuses, is na throughout."""
    assert np.isnan(np.asarray(TA["hma"].kernel(walk(9).close, 1))).all()


@pytest.mark.parametrize("length", [2, 14, 30, 200])
def test_talib_agrees(length: int) -> None:
    """Where TA-Lib defines it likewise the values agree to 1e-9: sma, wma, linreg; ema once warm."""
    bars = walk(5000, 4)
    for name, theirs in (
        ("sma", talib.SMA(bars.close, length)),
        ("wma", talib.WMA(bars.close, length)),
        ("linreg", talib.LINEARREG(bars.close, length)),
        ("ema", talib.EMA(bars.close, length)),
    ):
        constants = (length, 0) if name == "linreg" else (length,)
        ours = np.asarray(TA[name].kernel(bars.close, *constants))
        start = TA[name].memory(*constants) if name == "ema" else 0
        np.testing.assert_allclose(ours[start:], theirs[start:], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "length"), [("wma", 10), ("wma", 60), ("hma", 16), ("vwma", 20), ("linreg", 14), ("swma", 0)]
)
def test_pandas_ta_agrees(name: str, length: int) -> None:
    """Where pandas-ta defines it likewise the values agree to 1e-9 on all but the first bars."""
    bars = walk(1000, 9)
    columns = {"close": bars.close, **({"volume": bars.volume} if name == "vwma" else {})}
    arguments: dict[str, Any] = {"length": length} if length else {"length": 4, "asc": True}
    theirs = next(iter(CatalogueCall(name, tuple(columns), tuple(arguments.items())).run(bars.time, columns).values()))
    extra = {"vwma": (bars.volume, bars.close, length), "linreg": (bars.close, length, 0), "swma": (bars.close,)}
    ours = np.asarray(TA[name].kernel(*extra.get(name, (bars.close, length))))
    np.testing.assert_allclose(ours[100:], theirs[100:], rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(known=st.lists(st.booleans(), max_size=300), length=st.integers(1, 70))
def test_the_simple_average_holds_where_the_source_is_na(known: list[bool], length: int) -> None:
    """Bars with na are skipped: the value stays, and later ones are those of the source without such bars."""
    source, mask = walk(len(known)).close, np.array(known, dtype=np.bool_)
    values = np.asarray(TA["sma"].kernel(np.where(mask, source, NAN), length))
    skipped = np.asarray(TA["sma"].kernel(source[mask].copy(), length))
    np.testing.assert_array_equal(values, np.append(skipped, NAN)[np.cumsum(mask) - 1])


def test_an_average_over_one_bar_is_the_source() -> None:
    """With length 1 each average is its source to the bit, also after a value that rounds the others away."""
    source = np.array([0.1, 1e16, 0.3, 0.1, 7.0, 7.1, 1e-9, 3.0])
    for name in ("sma", "ema", "rma", "wma"):
        assert np.asarray(TA[name].kernel(source, 1)).tolist() == source.tolist()


def test_without_volume_there_is_no_weighted_average() -> None:
    """Where the window holds no volume vwma is na, whatever the volumes before it were."""
    bars = walk(200)
    volume = bars.volume.copy()
    volume[50:100] = 0.0
    values = np.asarray(TA["vwma"].kernel(volume, bars.close, 10))
    assert np.flatnonzero(np.isnan(values)).tolist() == [*range(9), *range(59, 100)]


def _exact(source: Column, i: int, weights: list[float]) -> float:
    return math.fsum(w * x for w, x in zip(weights, source[i - len(weights) + 1 : i + 1], strict=True)) / sum(weights)


@pytest.mark.parametrize("length", [20, 200])
def test_averages_do_not_drift(length: int) -> None:
    """After a million bars, with huge ones in between, sums that slide are within 1e-9 of the exact ones."""
    n = 1_000_000
    rng = np.random.default_rng(5)
    source = 1e-3 + rng.random(n)
    volume = 1e-3 + rng.random(n)
    source[50_000:50_100] += 1e15
    rising = [float(k) for k in range(1, length + 1)]
    simple, linear = np.asarray(TA["sma"].kernel(source, length)), np.asarray(TA["wma"].kernel(source, length))
    weighted = np.asarray(TA["vwma"].kernel(volume, source, length))
    for i in (length - 1, 49_999, 50_050, 50_400, 123_456, n - 2, n - 1):
        assert simple[i] == pytest.approx(_exact(source, i, [1.0] * length), rel=1e-9)
        assert linear[i] == pytest.approx(_exact(source, i, rising), rel=1e-9)
        assert weighted[i] == pytest.approx(_exact(source, i, volume[i - length + 1 : i + 1].tolist()), rel=1e-9)


@pytest.mark.parametrize("length", [2, 20, 200])
def test_a_simple_average_is_that_of_its_window_alone(length: int) -> None:
    """Wherever the column begins, it is to the bit the same: live and backtest see the same crossings."""
    source = np.round(walk(8000, 6, level=1.1).close, 5)
    whole = np.asarray(TA["sma"].kernel(source, length))
    for cut in (1, 321, 4777):
        part = np.asarray(TA["sma"].kernel(source[cut:].copy(), length))
        np.testing.assert_array_equal(whole[cut + length :], part[length:])
