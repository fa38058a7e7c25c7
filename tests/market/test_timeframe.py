"""Bar times by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Timeframe

UNITS = st.builds(Timeframe, st.integers(1, 60), st.sampled_from("smhdwM"))
TIMES = st.integers(0, 4_000_000_000_000)  # 1970 to 2096


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("timeframe", "time", "opened", "following"),
    [
        ("1s", "2024-02-29T23:59:59.999", "2024-02-29T23:59:59", "2024-03-01"),
        ("1m", "2024-02-29T23:59:59", "2024-02-29T23:59", "2024-03-01"),
        ("15m", "2024-01-01T10:29:59", "2024-01-01T10:15", "2024-01-01T10:30"),
        ("4h", "2024-01-01T11:00", "2024-01-01T08:00", "2024-01-01T12:00"),
        ("1d", "2024-02-28T12:00", "2024-02-28", "2024-02-29"),
        ("1w", "2024-01-07T23:59:59", "2024-01-01", "2024-01-08"),  # Monday to Sunday
        ("1w", "2023-12-31", "2023-12-25", "2024-01-01"),
        ("1M", "2024-02-29T23:59:59", "2024-02-01", "2024-03-01"),
        ("1M", "2023-12-31T23:00", "2023-12-01", "2024-01-01"),
        ("3M", "2024-06-30", "2024-04-01", "2024-07-01"),
        ("12M", "2024-06-30", "2024-01-01", "2025-01-01"),
    ],
)
def test_floor_and_next(timeframe: str, time: str, opened: str, following: str) -> None:
    """A moment belongs to the bar of the calendar, which ends where the following one starts."""
    grid = Timeframe.parse(timeframe)
    assert grid.floor(ms(time)) == ms(opened)
    assert grid.next(ms(opened)) == ms(following)


@pytest.mark.parametrize(
    ("timeframe", "now", "last"),
    [
        ("1h", "2024-01-01T09:59:59.999", "2024-01-01T08:00"),
        ("1h", "2024-01-01T10:00", "2024-01-01T09:00"),
        ("1w", "2024-01-14T23:59", "2024-01-01"),
        ("1w", "2024-01-15", "2024-01-08"),
        ("1M", "2024-03-31T23:59", "2024-02-01"),
        ("1M", "2024-04-01", "2024-03-01"),
    ],
)
def test_last_closed(timeframe: str, now: str, last: str) -> None:
    """The newest closed bar is the one before the bar that is open now, from the first millisecond of that on."""
    assert Timeframe.parse(timeframe).last_closed(ms(now)) == ms(last)


@pytest.mark.parametrize("text", ["1s", "1m", "15m", "4h", "1d", "1w", "1M", "9999m"])
def test_text_is_read_back(text: str) -> None:
    """What is written is what is parsed."""
    assert str(Timeframe.parse(text)) == text


@pytest.mark.parametrize("text", ["", "m", "0m", "01m", "1", "1H", "1y", "-1m", "1.5h", " 1m", "1m ", "10000m", "1m\n"])
def test_other_texts_are_refused(text: str) -> None:
    """What is no timeframe is refused with examples of what is."""
    with pytest.raises(ValueError, match="is no timeframe; examples: 1m"):
        Timeframe.parse(text)


@given(UNITS, TIMES)
def test_a_moment_lies_in_its_bar(timeframe: Timeframe, time: int) -> None:
    """floor(t) <= t < next(floor(t)), and flooring twice changes nothing."""
    opened = timeframe.floor(time)
    assert opened <= time < timeframe.next(opened)
    assert timeframe.floor(opened) == opened
    assert timeframe.floor(timeframe.next(opened) - 1) == opened


@given(UNITS, TIMES)
def test_the_last_closed_bar_has_closed_and_the_one_after_it_has_not(timeframe: Timeframe, now: int) -> None:
    """last_closed's close is not after now, and the following bar's is."""
    last = timeframe.last_closed(now)
    assert timeframe.next(last) <= now < timeframe.shift(last, 2)


@given(UNITS, TIMES, st.integers(-100, 100))
def test_shifting_back_returns(timeframe: Timeframe, time: int, bars: int) -> None:
    """Shifting by n and by -n gives the same bar, and every shifted time is on the grid."""
    opened = timeframe.floor(time)
    shifted = timeframe.shift(opened, bars)
    assert timeframe.floor(shifted) == shifted
    assert timeframe.shift(shifted, -bars) == opened


@given(UNITS, TIMES, st.integers(0, 10_000))
def test_far_back_is_1970(timeframe: Timeframe, time: int, bars: int) -> None:
    """However many bars are asked for, the answer is their opening or 1970, and never an error."""
    found = timeframe.before(time, bars)
    assert 0 <= found <= time
    assert found == 0 or found == timeframe.shift(timeframe.floor(time), -bars)


@pytest.mark.parametrize(("text", "bars"), [("1h", 8_766), ("1d", 365.25), ("1M", 12), ("3M", 4)])
def test_bars_per_year(text: str, bars: float) -> None:
    """A year has as many bars as the calendar says."""
    assert Timeframe.parse(text).bars_per_year == pytest.approx(bars)


@pytest.mark.parametrize(
    ("text", "timeframe"),
    [
        *(("240", "4h"), ("15", "15m"), ("1440", "1d"), ("60S", "1m"), ("S", "1s"), ("30S", "30s")),
        *(("D", "1d"), ("2D", "2d"), ("W", "1w"), ("M", "1M"), ("3M", "3M"), ("12M", "12M")),
        *(("4h", "4h"), ("60m", "1h"), ("48h", "2d"), ("90m", "90m"), ("7d", "7d"), ("1w", "1w"), ("1m", "1m")),
    ],
)
def test_pine_s_way_of_writing_is_read(text: str, timeframe: str) -> None:
    """Pine's timeframes and ours give the same bars, in the largest unit that tells them."""
    assert str(Timeframe.read(text)) == timeframe


@pytest.mark.parametrize("text", ["", "0", "D1", "H", "4H", "d", "1.5", "240 ", "12345", "-5"])
def test_what_neither_writes_is_refused(text: str) -> None:
    """What is neither ours nor Pine's is refused with examples of both."""
    with pytest.raises(ValueError, match=r"is no timeframe; examples: 1m, .* or Pine's 240"):
        Timeframe.read(text)


@given(UNITS, TIMES)
def test_the_plain_timeframe_has_the_same_bars(timeframe: Timeframe, time: int) -> None:
    """Another unit changes the name of a timeframe, and none of its bars."""
    plain = timeframe.plain
    assert plain.floor(time) == timeframe.floor(time)
    assert plain.next(plain.floor(time)) == timeframe.next(timeframe.floor(time))


@given(UNITS, UNITS, TIMES)
def test_what_a_bar_consists_of_fits_into_it(coarse: Timeframe, fine: Timeframe, time: int) -> None:
    """Where bars consist of finer ones, no more of these lie in one than is said, and one opens with it."""
    if not coarse.consists_of(fine):
        return
    opened = coarse.floor(time)
    assert fine.floor(opened) == opened
    assert fine.shift(opened, coarse.most_of(fine)) >= coarse.next(opened)
    assert coarse.next(opened) - opened <= coarse.longest_ms
