from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators import TRUE
from engine.market import Bars, Timeframe
from engine.rules import read_rule
from engine.rules.hours_model import DAYS, days_in
from tests.rules.files import spoilt

NEW_YORK = "America/New_York"
ZONES = ["UTC", NEW_YORK, "Australia/Lord_Howe", "Asia/Kolkata", "GMT-3", "UTC+0545"]
TIMES = [f"{hour:02}:{minute:02}" for hour in (0, 2, 9, 12, 16, 23) for minute in (0, 30)]
STARTS = ["2024-01-01", "2024-03-08", "2024-03-30", "2024-04-05", "2024-10-25", "2024-11-01", "2024-12-30"]


def bars_from(start: str, count: int, timeframe: str = "15m", missing: frozenset[int] = frozenset()) -> Bars:
    length = Timeframe.parse(timeframe)
    first = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() * 1000)
    rows = [(length.shift(first, i), 1.0, 1.0, 1.0, 1.0, 1.0) for i in range(count) if i not in missing]
    return Bars.of(length, rows)


def output(field: str, name: str, bars: Bars) -> list[bool]:
    """Give an output of a rule that would always enter and has this field."""
    text = spoilt(("order: {", f"{field}\norder: {{"), ("ta.crossover(fast_ma, slow_ma)", "true"))
    plan = read_rule(text.replace("timeframe: 1h", f"timeframe: {bars.timeframe}"), "rule").plan()
    return [bool(value == TRUE) for value in plan.evaluate(bars)[name]]


def clock(moment_ms: int, zone: str) -> datetime:
    """Give what a clock on the wall there shows."""
    utc = datetime.fromtimestamp(moment_ms / 1000, UTC)
    if zone == "UTC":
        return utc.replace(tzinfo=None)
    fixed = {"GMT-3": timedelta(hours=-3), "UTC+0545": timedelta(hours=5, minutes=45)}
    if zone in fixed:
        return (utc + fixed[zone]).replace(tzinfo=None)
    return utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def at(day: datetime, time: str) -> datetime:
    hours, minutes = map(int, time.split(":"))
    return datetime(day.year, day.month, day.day) + timedelta(hours=hours, minutes=minutes)  # noqa: DTZ001 - a wall clock


@given(
    st.sampled_from(TIMES),
    st.sampled_from([*TIMES, "24:00"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
)
@settings(deadline=None, max_examples=60)
def test_a_candle_is_inside_when_it_closes_after_the_start_up_to_the_end(
    start: str, end: str, days: set[int], zone: str, first: str
) -> None:
    """By the wall clock of the zone, over midnight, and through the nights on which clocks change."""
    if start == end:
        return
    bars = bars_from(first, 500)
    listed = f"[{', '.join(DAYS[day] for day in days)}]"
    found = output(f"sessions: {{hours: '{start}-{end}', days: {listed}, zone: {zone}}}", "long.enter", bars)
    for opened, inside in zip(bars.time.tolist(), found, strict=True):
        close = clock(bars.timeframe.next(opened), zone)
        expected = False
        for day in (close - timedelta(days=1), close):
            begin, until = at(day, start), at(day, end)
            until += timedelta(days=1) if until <= begin else timedelta(0)
            expected |= day.weekday() in days and begin < close <= until
        assert inside == expected, close


def test_new_york_opens_at_half_past_nine_in_winter_and_summer() -> None:
    """Before and after the clocks change, the first candle inside is the one that closes at 9:45 there."""
    for day, hour in (("2024-03-08", 14), ("2024-03-11", 13)):
        bars = bars_from(day, 96)
        inside = output(f"sessions: {{hours: 09:30-16:00, days: mon-fri, zone: {NEW_YORK}}}", "long.enter", bars)
        first = int(bars.time[inside.index(True)])
        assert datetime.fromtimestamp(first / 1000, UTC).strftime("%H:%M") == f"{hour}:30"
        assert sum(inside) == 26
    assert not any(output(f"sessions: {{hours: 09:30-16:00, days: mon-fri, zone: {NEW_YORK}}}", "long.enter",
                          bars_from("2024-03-09", 96)))  # fmt: skip


def test_one_of_several_sessions_is_enough() -> None:
    """A list of sessions is left when all of them are over; days alone make a session of whole days."""
    bars = bars_from("2024-01-01", 24 * 7, "1h")
    found = output("sessions: [{hours: 22:00-02:00, days: sun}, {days: [wed, fri-sat]}]", "long.enter", bars)
    closes = [clock(int(c), "UTC") for c in bars.closes_ms]
    sunday = [(c.weekday() == 6 and c.hour > 22) or (c.weekday() == 0 and c.hour <= 2) for c in closes]
    whole = [(c - timedelta(microseconds=1)).weekday() in (2, 4, 5) for c in closes]
    expected = [one or other for one, other in zip(sunday, whole, strict=True)]
    assert found == expected


@given(
    st.sampled_from([*TIMES[1:], "24:00"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.sampled_from(ZONES),
    st.sampled_from(["2024-01-01", "2024-03-07", "2024-11-02"]),
    st.sampled_from(["15m", "1h", "4h", "1d"]),
    st.sets(st.integers(1, 99)),
)
@settings(deadline=None, max_examples=60)
def test_flat_at_comes_with_the_first_close_from_then_on(
    time: str, days: set[int], zone: str, first: str, timeframe: str, missing: set[int]
) -> None:
    """It is true at a close exactly when the time of a chosen day lies after the close before, up to this one."""
    bars = bars_from(first, 100, timeframe, frozenset(missing))
    listed = f"[{', '.join(DAYS[day] for day in days)}]"
    found = output(f"flat_at: {{time: '{time}', days: {listed}, zone: {zone}}}", "flat", bars)
    before = clock(int(bars.time[0]), zone)
    for opened, flat in zip(bars.time.tolist(), found, strict=True):
        close = clock(bars.timeframe.next(opened), zone)
        day, came = before - timedelta(days=1), False
        while day <= close + timedelta(days=1):
            came |= day.weekday() in days and before < at(day, time) <= close
            day += timedelta(days=1)
        assert flat == came, close
        before = close


def test_without_them_nothing_is_asked_of_the_clock() -> None:
    """A rule with neither is inside always, and never told to be flat."""
    bars = bars_from("2024-01-01", 10)
    assert all(output("", "long.enter", bars))
    assert not any(output("", "flat", bars))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat", {5}),
        ("fri-mon", {4, 5, 6, 0}),
        (["mon", "wed-thu"], {0, 2, 3}),
        ("mon-mon", {0}),
    ],
)
def test_days(days: str | list[str], expected: set[int]) -> None:
    """Days and ranges of them, over the end of the week too."""
    assert days_in(days) == expected


def test_the_sessions_are_and_ed_into_every_entry_alone() -> None:
    """Exits go on outside the session."""
    text = spoilt(("order: {", "sessions: {hours: 09:00-10:00}\norder: {"), ("ta.crossunder(fast_ma, slow_ma)", "true"))
    plan = read_rule(text, "rule").plan()
    assert plan.constants["long.exit"] == TRUE
    values = plan.evaluate(bars_from("2024-01-01", 24, "1h"))["long.enter"]
    assert np.flatnonzero(values == TRUE).size <= 1
