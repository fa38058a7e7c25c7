"""Stretches of bar times against sets of numbers, and gaps of months."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.market import Bars, Timeframe
from engine.market.stretches import Stretch, gaps_in, together, union, without

HOUR, MONTH = Timeframe.parse("1h"), Timeframe.parse("1M")
stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: Stretch(*sorted(pair))), max_size=8
)


def points(parts: list[Stretch]) -> set[int]:
    return {at for part in parts for at in range(part.start_ms, part.end_ms)}


@given(stretches, stretches)
def test_unions_and_differences_are_those_of_sets(known: list[Stretch], whole: list[Stretch]) -> None:
    """A union holds the same moments in stretches that do not touch, and a difference what is left."""
    joined = union(known)
    assert points(joined) == points(known)
    assert all(a.end_ms < b.start_ms for a, b in pairwise(joined))
    for part in whole:
        assert points(without(part, known)) == points([part]) - points(known)


@given(st.sets(st.integers(1, 200)), st.integers(1, 50))
def test_gaps_are_the_bars_that_are_missing(missing: set[int], most: int) -> None:
    """Every missing bar is in one gap, and in one request that spans no more bars than it may unless a gap does."""
    there = [at for at in range(202) if at not in missing]
    gaps = gaps_in(Bars.of(HOUR, [(at * HOUR.length_ms, 1, 1, 1, 1, 1) for at in there]))
    found = {at // HOUR.length_ms for gap in gaps for at in range(gap.start_ms, gap.end_ms, HOUR.length_ms)}
    assert found == missing
    assert sum(gap.bars_of(HOUR) for gap in gaps) == len(missing)
    asked = together(gaps, HOUR, most)
    assert points([Stretch(g.start_ms // HOUR.length_ms, g.end_ms // HOUR.length_ms) for g in asked]) >= missing
    assert all(part.bars_of(HOUR) <= most or part in gaps for part in asked)


def test_a_gap_of_months_is_counted_by_the_calendar() -> None:
    """From January to May three months are missing."""
    opened = [1_704_067_200_000, 1_714_521_600_000]  # 2024-01-01, 2024-05-01
    gaps = gaps_in(Bars.of(MONTH, [(time, 1, 1, 1, 1, 1) for time in opened]))
    assert [gap.bars_of(MONTH) for gap in gaps] == [3]
