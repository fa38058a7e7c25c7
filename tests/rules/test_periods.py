"""`timeframe.change`: true on the first bar of a new day, week, month or other timeframe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.errors import InvalidInputError
from engine.indicators import TRUE
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.describe import texts_of
from engine.rules.endless import warnings_of
from engine.rules.single import plan_text

HOUR = Timeframe(1, "h")


def _hours(count: int) -> Bars:
    """Give hours from 07:00 on."""
    return sample_bars("BTC/USDT", HOUR, SAMPLE_START_MS, count + 7)[7:]


def _changes(timeframe: str, bars: Bars) -> list[bool]:
    plan = plan_text(f'timeframe.change("{timeframe}")', bars.timeframe)
    return [bool(value == TRUE) for value in plan.evaluate(bars)["value"]]


@pytest.mark.parametrize(
    ("timeframe", "parts"),
    [
        ("D", lambda t: t.date()),
        ("1d", lambda t: t.date()),
        ("W", lambda t: t.isocalendar()[:2]),
        ("M", lambda t: (t.year, t.month)),
        ("3M", lambda t: (t.year, (t.month - 1) // 3)),
        ("240", lambda t: (t.date(), t.hour // 4)),
        ("60", lambda t: t),
        ("15m", lambda t: t),
    ],
)
def test_it_is_true_where_the_calendar_changes(timeframe: str, parts: object) -> None:
    """It tells each first bar of a period, also where bars are missing; the first of all if it opens with a period."""
    bars = _hours(2500)
    keep = np.random.default_rng(3).random(2500) < 0.8
    keep[:2] = True
    bars = Bars(HOUR, bars.time[keep], *(column[keep] for column in bars.columns()))
    times = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) for ms in bars.time.tolist()]
    periods = [parts(time) for time in times]  # type: ignore[operator]  # a function
    wanted = [a != b for a, b in zip(periods[1:], periods, strict=False)]
    assert _changes(timeframe, bars) == [timeframe in ("60", "15m"), *wanted]


def test_a_day_is_the_default_anchor() -> None:
    """`timeframe.change("D")` is `session.isfirstbar`: one value in a plan, and written so."""
    plan = plan_text('timeframe.change("D") and session.isfirstbar')
    assert next(iter(texts_of(plan.nodes).values())) == "session.isfirstbar"
    assert texts_of(plan_text('timeframe.change("W")').nodes) == {
        plan_text('timeframe.change("W")').nodes[0]: 'timeframe.change("1w")'
    }
    bars = _hours(200)
    default, named = (plan_text(t).evaluate(bars)["value"] for t in ("ta.vwap", 'ta.vwap(hlc3, timeframe.change("D"))'))
    np.testing.assert_array_equal(default, named)


@pytest.mark.parametrize(("period", "most"), [("1d", 24), ("1w", 168), ("1M", 744), ("4h", 4), ("1h", 1), ("15m", 1)])
def test_an_anchor_bounds_the_memory(period: str, most: int) -> None:
    """A vwap looks back to the begin of the period at most, so that `check` needs to warn of nothing."""
    plan = plan_text(f'ta.vwap(hlc3, timeframe.change("{period}"))')
    assert plan.warmup == most  # and one bar more, which tells whether the first one began a period
    assert warnings_of(plan) == []
    bars = _hours(2500)
    whole = plan.evaluate(bars)["value"]
    cut = 1003
    np.testing.assert_allclose(plan.evaluate(bars[cut:])["value"][most:], whole[cut + most :], rtol=1e-9)


def test_in_other_candles_it_is_of_those() -> None:
    """Inside request.security the bars are those of that timeframe."""
    plan = plan_text('request.security("", "4h", timeframe.change("D")) ? 1 : 0', HOUR)
    values = plan.evaluate(sample_bars("BTC/USDT", HOUR, SAMPLE_START_MS, 24 * 20))["value"]
    assert np.nanmean(values[24:]) == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeframe.change(240)", 'write "240"'),
        ("timeframe.change(close)", 'such as "1d", "1w", or Pine\'s "D", "240"'),
        ('timeframe.change("day")', "'day' is no timeframe"),
        ("timeframe.change()", "'timeframe' is missing: timeframe.change(timeframe)"),
        ("timeframe.change", "write timeframe.change(timeframe)"),
        ('timeframe.changed("D")', "did you mean 'timeframe.change'?"),
    ],
)
def test_mistakes_are_told(text: str, said: str) -> None:
    """What is no timeframe in quotes is refused, with what to write."""
    with pytest.raises(InvalidInputError) as refused:
        plan_text(text)
    assert said in str(refused.value)
