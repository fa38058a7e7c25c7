"""Coarser candles are exactly what their finer ones add up to, and half candles are never made."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Bars, Timeframe
from engine.market.resample import resample
from engine.market.sample import SAMPLE_START_MS, sample_bars

HOUR = 3_600_000


def bars_of(length: str, count: int, start_ms: int = SAMPLE_START_MS) -> Bars:
    return sample_bars("BTC/USDT", Timeframe.parse(length), start_ms, count)


def same(made: Bars, expected: Bars) -> bool:
    pairs = zip(made.columns()[:4], expected.columns()[:4], strict=True)
    return (
        made.timeframe == expected.timeframe
        and np.array_equal(made.time, expected.time)
        and all(np.array_equal(a, b) for a, b in pairs)
        and np.allclose(made.volume, expected.volume, rtol=1e-12)
    )


@pytest.mark.parametrize(
    ("fine", "coarse", "count"),
    [("1m", "5m", 600), ("1h", "4h", 240), ("1h", "1d", 24 * 60), ("4h", "1w", 6 * 7 * 20), ("1d", "1M", 366)],
)
def test_the_market_seen_coarser(fine: str, coarse: str, count: int) -> None:
    """What is made of fine candles is what the market itself shows on the coarser timeframe."""
    made = resample(bars_of(fine, count), Timeframe.parse(coarse))
    assert len(made)
    assert same(made, bars_of(coarse, len(made)))


@given(st.integers(1, 200), st.integers(0, 30), st.sampled_from(["2h", "3h", "4h", "12h", "1d"]), st.randoms())
@settings(deadline=None, max_examples=60)
def test_plain_definition(count: int, later: int, coarse: str, random: Random) -> None:
    """Open is the first, high the highest, low the lowest, close the last, volume the sum; cut bars are left out."""
    fine = bars_of("1h", count, SAMPLE_START_MS + later * HOUR)
    kept = sorted(random.sample(range(count), max(1, count - 5)))
    rows = [[float(fine.time[i]), *(float(c[i]) for c in fine.columns())] for i in kept]
    timeframe = Timeframe.parse(coarse)
    groups: dict[int, list[list[float]]] = {}
    for row in rows:
        groups.setdefault(timeframe.floor(int(row[0])), []).append(row)
    expected = [
        [opened, g[0][1], max(r[2] for r in g), min(r[3] for r in g), g[-1][4], sum(r[5] for r in g)]
        for opened, g in groups.items()
        if opened >= rows[0][0] and timeframe.next(opened) <= rows[-1][0] + HOUR
    ]
    assert same(resample(Bars.of(fine.timeframe, rows), timeframe), Bars.of(timeframe, expected))


def test_cut_bars_at_both_ends_are_left_out() -> None:
    """Data from 02:00 to 10:59 make one whole four-hour candle, the one of 04:00."""
    made = resample(bars_of("1h", 9, SAMPLE_START_MS + 2 * HOUR), Timeframe.parse("4h"))
    assert list(made.time) == [SAMPLE_START_MS + 4 * HOUR]


def test_too_few_make_none() -> None:
    """No candles, or too few for one whole coarser candle, make none."""
    assert len(resample(bars_of("1h", 0), Timeframe.parse("4h"))) == 0
    assert len(resample(bars_of("1h", 3), Timeframe.parse("4h"))) == 0


def test_months_of_months() -> None:
    """Quarters are made of months."""
    starts = [datetime(2024, month, 1, tzinfo=UTC).timestamp() * 1000 for month in range(1, 13)]
    months = Bars.of(Timeframe.parse("1M"), [[t, 10 + i, 20 + i, 5 + i, 11 + i, 1] for i, t in enumerate(starts)])
    made = resample(months, Timeframe.parse("3M"))
    assert list(made.time) == starts[::3]
    assert list(made.high) == [22, 25, 28, 31]


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ("1h", "5m"),
        ("4h", "6h"),
        ("1h", "90m"),
        ("1w", "1M"),  # weeks run across the ends of months
        ("2d", "1M"),
        ("16h", "1M"),
        ("1w", "7d"),  # as long, but one starts on Monday, the other counts from 1970-01-01
        ("1w", "14d"),
        ("2d", "1w"),
        ("14h", "1w"),
        ("1M", "1d"),
        ("2M", "3M"),
    ],
)
def test_what_does_not_fit_is_refused(fine: str, coarse: str) -> None:
    """A timeframe whose candles do not consist of whole finer ones is an error, not a blur."""
    with pytest.raises(ValueError, match=f"{coarse} candles do not consist of whole {fine} candles"):
        resample(Bars.of(Timeframe.parse(fine), []), Timeframe.parse(coarse))


@given(
    st.builds(Timeframe, st.integers(1, 30), st.sampled_from("smhdwM")),
    st.builds(Timeframe, st.integers(1, 30), st.sampled_from("smhdwM")),
    st.integers(10**12, 2 * 10**12),
)
@settings(max_examples=300)
def test_what_fits_starts_together(fine: Timeframe, coarse: Timeframe, time: int) -> None:
    """Whatever is accepted, every coarse candle opens where a fine one opens."""
    try:
        resample(Bars.of(fine, []), coarse)
    except ValueError:
        return
    opened = coarse.floor(time)
    assert fine.floor(opened) == opened


@pytest.mark.parametrize(
    ("fine", "coarse", "frequency"),
    [
        ("1d", "1w", "W-MON"),
        ("4h", "1w", "W-MON"),
        ("1d", "1M", "MS"),
        ("4h", "1M", "MS"),
        ("1d", "3M", "QS"),
        ("1h", "1d", "D"),
        ("4h", "12h", "12h"),
    ],
)
@pytest.mark.parametrize("gaps", [False, True])
def test_pandas_joins_alike(fine: str, coarse: str, frequency: str, *, gaps: bool) -> None:
    """By the calendar of pandas (weeks from Monday, real months, gaps or not) the same candles come out."""
    start, count = SAMPLE_START_MS + 40 * 24 * HOUR, 340 * 24 * HOUR // Timeframe.parse(fine).length_ms
    bars = sample_bars("BTC/USDT", Timeframe.parse(fine), start, min(count, 2_000), gaps=gaps)[3:-1]
    index = pd.to_datetime(bars.time, unit="ms", utc=True).tz_localize(None)
    table = pd.DataFrame(
        dict(zip(("open", "high", "low", "close", "volume"), bars.columns(), strict=True)), index=index
    )
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    joined = table.resample(frequency, closed="left", label="left").agg(how).dropna()
    opens = pd.DatetimeIndex(joined.index).as_unit("ms").asi8
    made, timeframe = resample(bars, Timeframe.parse(coarse)), Timeframe.parse(coarse)
    end = int(bars[-1:].closes_ms[0])
    whole = np.array([t >= bars.time[0] and timeframe.next(int(t)) <= end for t in opens])
    assert made.time.tolist() == opens[whole].tolist()
    assert len(made) > 1
    for column, values in zip(how, made.columns(), strict=True):
        np.testing.assert_allclose(values, joined[column].to_numpy()[whole], rtol=1e-12 if column == "volume" else 0)
