"""Candles that are made stand where their closes are told to be, and are candles."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Timeframe, faults
from engine.market.made import Line, bars_around, candles_of, closes_on

LINES = st.lists(
    st.builds(
        Line,
        end=st.integers(1_000, 100_000).map(float),
        bars=st.integers(1, 30),
        level=st.booleans(),
        swing_percent=st.sampled_from([0.0, 0.5, 20.0]),
    ),
    min_size=1,
    max_size=5,
)


def test_lines_one_after_the_other() -> None:
    """A level line stands at its price, another leads straight from where the one before it ended to its end."""
    lines = [Line(100, 2), Line(80, 4, level=False), Line(83, 3, level=False), Line(90, 1)]
    assert closes_on(lines, 0.01).tolist() == [100, 100, 95, 90, 85, 80, 81, 82, 83, 90]


def test_swings_stand_above_and_below_by_turns_and_lines_go_on_from_the_line() -> None:
    """Swings of one percent are a percent of the line; the next line starts from the line, not from the last swing."""
    assert closes_on([Line(100, 4, swing_percent=1)], 0.01).tolist() == [101, 99, 101, 99]
    swung = closes_on([Line(100, 2, swing_percent=1), Line(104, 2, level=False)], 0.01)
    assert swung.tolist() == [101, 99, 102, 104]


def test_a_first_line_must_stand_somewhere() -> None:
    """A line that leads from nowhere is refused."""
    with pytest.raises(ValueError, match="nowhere to start from"):
        closes_on([Line(100, 2, level=False)], 0.01)


def test_candles_open_at_the_close_before_them() -> None:
    """Open is the former close, high and low are the greater and the smaller of both, and wicks reach beyond."""
    closes = np.array([100.0, 90.0, 120.0])
    assert candles_of(closes, 0, 0.01).tolist() == [[100, 100, 100, 100], [100, 100, 90, 90], [90, 120, 90, 120]]
    assert candles_of(closes, 1, 0.01)[:, 1:3].tolist() == [[101, 99], [101, 89.1], [121.2, 89.1]]


@settings(max_examples=100, deadline=None)
@given(lines=LINES, step=st.sampled_from(["0.01", "0.5", "1", "0.0001"]), wick=st.sampled_from([0.0, 0.3, 40.0]))
def test_made_candles_are_whole_and_on_the_step(lines: list[Line], step: str, wick: float) -> None:
    """Whatever is asked for, what is made are whole candles whose prices are the floats nearest to whole steps."""
    first, *rest = lines
    lines = [Line(first.end, first.bars, swing_percent=first.swing_percent), *rest]
    rows = candles_of(closes_on(lines, float(step)), wick, float(step))
    table = np.column_stack([rows, np.ones(len(rows))])
    bars = bars_around(Timeframe.parse("1h"), 0, 0, table)
    assert faults(bars) == []
    assert len(bars) == sum(line.bars for line in lines)
    for price in rows.ravel().tolist():
        assert float(round(Decimal(price) / Decimal(step)) * Decimal(step)) == price


@pytest.mark.parametrize("length", ["1h", "1w", "1M", "3d"])
def test_times_are_those_of_the_calendar(length: str) -> None:
    """Candles before the start and after it stand on the timeframe's grid, without a gap."""
    timeframe = Timeframe.parse(length)
    start = timeframe.floor(1_704_067_200_000)
    bars = bars_around(timeframe, start, 30, np.ones((40, 5)))
    assert bars.time[30] == start
    assert [timeframe.next(int(t)) for t in bars.time[:-1]] == bars.time[1:].tolist()
    assert faults(bars) == []
