"""What makes candles unusable is found, at its row; what is merely unusual is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Bars, Timeframe, faults
from engine.market.integrity import gaps
from engine.market.sample import SAMPLE_START_MS, sample_bars

COLUMNS = ("open", "high", "low", "close", "volume")


def whole(length: str = "1h", count: int = 30) -> Bars:
    return sample_bars("BTC/USDT", Timeframe.parse(length), SAMPLE_START_MS, count)


def with_cell(bars: Bars, column: str, row: int, value: float) -> Bars:
    cells = getattr(bars, column).copy()
    cells[row] = value
    return replace(bars, **{column: cells})


@given(st.sampled_from(COLUMNS), st.integers(0, 29), st.sampled_from([np.nan, np.inf, -np.inf, -1.0]))
def test_numbers_that_cannot_be_traded_on_are_found_where_they_are(column: str, row: int, value: float) -> None:
    """NaN, infinities and negative numbers in any cell are reported for that row and column."""
    found = faults(with_cell(whole(), column, row, value))
    assert (row, column) in {(fault.row, fault.column) for fault in found}
    assert {fault.row for fault in found} == {row}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("open", 0.0, "must be above 0"),
        ("volume", -0.5, "must be 0 or more"),
        ("low", 1e9, "above the high"),
        ("high", 1e9, None),
        ("volume", 0.0, None),
        ("close", 1e9, "outside low to high"),
        ("open", 1.0, "outside low to high"),
    ],
)
def test_impossible_prices_are_found(column: str, value: float, message: str | None) -> None:
    """A price that contradicts the bar's other prices is reported; a long wick and a bar without volume are not."""
    found = [fault for fault in faults(with_cell(whole(), column, 5, value)) if fault.column == column]
    assert {fault.row for fault in found} == ({5} if message else set())
    assert message is None or any(message in fault.message for fault in found)


def test_a_duplicate_is_found_at_the_second_row() -> None:
    """Two rows of one time are one fault, at the later row."""
    bars = whole()
    found = faults(with_cell(bars, "time", 7, float(bars.time[6])))
    assert [(fault.row, fault.column) for fault in found] == [(7, "time")]
    assert "same as the row before" in found[0].message


def test_disorder_is_found_at_the_row_that_goes_back() -> None:
    """A row earlier than the one above it is reported."""
    found = faults(with_cell(whole(), "time", 7, float(SAMPLE_START_MS)))
    assert [(fault.row, fault.column) for fault in found] == [(7, "time")]
    assert "must be sorted" in found[0].message


@pytest.mark.parametrize("length", ["1m", "1h", "1w", "1M"])
def test_a_time_off_the_grid_is_found(length: str) -> None:
    """A bar that opens between two bars of its timeframe is reported."""
    bars = whole(length, 5)
    found = faults(with_cell(bars, "time", 3, float(bars.time[3] + 1_000)))
    assert [(fault.row, fault.column) for fault in found] == [(3, "time")]
    assert f"not the start of a {length} bar" in found[0].message


@pytest.mark.parametrize("length", ["1m", "1h", "1w", "1M"])
def test_missing_bars_are_gaps_and_no_faults(length: str) -> None:
    """Leaving bars out gives gaps, counted by place, and nothing else."""
    bars = whole(length, 12)
    kept = np.array([0, 1, 2, 5, 6, 9, 10, 11])
    holed = Bars(bars.timeframe, bars.time[kept], *(column[kept] for column in bars.columns()))
    assert faults(holed) == []
    assert gaps(holed) == 2
    assert gaps(bars) == 0


def test_no_bars_are_whole() -> None:
    """No candles have no faults and no gaps."""
    empty = Bars.of(Timeframe.parse("1M"), [])
    assert faults(empty) == []
    assert gaps(empty) == 0


def test_faults_come_in_the_order_of_the_rows() -> None:
    """Several faults are listed by row."""
    bars = with_cell(with_cell(with_cell(whole(), "close", 20, np.nan), "open", 3, 0.0), "volume", 11, -1.0)
    assert [fault.row for fault in faults(bars)] == [3, 3, 11, 20]
