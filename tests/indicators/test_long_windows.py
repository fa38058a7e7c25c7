"""Long windows are counted in a tree, short ones compared value by value: both give the same, to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.indicators import TA, mean_deviation, percentiles, rank_correlation, sorted_window
from engine.indicators.long_deviation import deviations_long
from engine.indicators.rolling_sum import pine_means
from tests.indicators.kernels import walk

NAN = math.nan
CALLS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("median", ()),
    ("mode", ()),
    ("percentrank", ()),
    ("rci", ()),
    ("percentile_nearest_rank", (0.0,)),
    ("percentile_nearest_rank", (40.0,)),
    ("percentile_nearest_rank", (100.0,)),
    ("percentile_linear_interpolation", (12.0,)),
    ("percentile_linear_interpolation", (77.7,)),
)
# Ties, ties but for 1e-10 (clear, and in a chain), zeros of both signs, sizes from 1e-9 to 1e14.
_PRICES = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, -0.0, 1.0, 1.0 + 4e-11, 1.0 + 8e-11, 1.0 + 1.2e-10, 1e14, 1e-9]),
    st.floats(-1e3, 1e3),
)
_WITH_GAPS = st.one_of(st.just(NAN), _PRICES)
Kernel = Callable[..., Any]


def _threshold(patch: pytest.MonkeyPatch, longest: int) -> None:
    """Have windows of more than `longest` bars counted in trees."""
    for module, name in (
        (sorted_window, "LONGEST_RANKED"),
        (sorted_window, "LONGEST_MODE"),
        (percentiles, "LONGEST_RANKED"),
        (percentiles, "LONGEST_SHARE"),
        (rank_correlation, "LONGEST_PAIRED"),
        (mean_deviation, "LONGEST_ADDED"),
    ):
        patch.setattr(module, name, longest)


def _both(name: str, source: NDArray[np.float64], length: int, *constants: float) -> list[NDArray[np.float64]]:
    """Give the values as short windows have them, and as long ones have them."""
    found = []
    for longest in (10**9, 0):
        with pytest.MonkeyPatch.context() as patch:
            _threshold(patch, longest)
            found.append(np.asarray(TA[name].kernel(source, length, *constants)))
    return found


@pytest.mark.parametrize(("name", "constants"), CALLS)
@settings(max_examples=60, deadline=None)
@given(
    prices=st.one_of(st.lists(_PRICES, max_size=60), st.lists(_WITH_GAPS, max_size=60)),
    lead=st.integers(0, 9),
    length=st.integers(1, 12),
)
def test_both_ways_give_the_same(
    name: str, constants: tuple[float, ...], prices: list[float], lead: int, length: int
) -> None:
    """On ties, near-ties and gaps; a pair sum of rci that is made otherwise differs by rounding at most."""
    source = np.array([NAN] * lead + prices, dtype=np.float64)
    compared, counted = _both(name, source, length, *constants)
    if name == "rci":
        np.testing.assert_allclose(counted, compared, rtol=1e-12, atol=1e-12, equal_nan=True)
    else:
        np.testing.assert_array_equal(counted, compared)


@pytest.mark.parametrize(("name", "constants"), CALLS)
@pytest.mark.parametrize("length", [63, 700, 1500])
def test_windows_of_many_blocks(name: str, constants: tuple[float, ...], length: int) -> None:
    """On more bars than a block has, with many ties or none, an na at the start and one later, both are the same."""
    close = walk(9000, 4).close
    gap = np.concatenate([[NAN] * 70, np.round(close[70:])])
    later = gap.copy()
    later[4000] = NAN
    for source in (close, np.round(close), gap, later):
        compared, counted = _both(name, source, length, *constants)
        np.testing.assert_array_equal(counted, compared)


@pytest.mark.parametrize("name", ["dev", "cci"])
@settings(max_examples=60, deadline=None)
@given(
    prices=st.lists(st.one_of(_WITH_GAPS, st.sampled_from([math.inf, 1e30, 1e300])), max_size=60),
    length=st.integers(2, 12),
)
def test_deviations_are_the_same(name: str, prices: list[float], length: int) -> None:
    """The mean deviation of sums in a tree is the one of distances, whatever the sizes before."""
    added, counted = _both(name, np.array(prices, dtype=np.float64), length)
    np.testing.assert_allclose(counted, added, rtol=1e-11, equal_nan=True)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e15])
def test_deviations_of_long_windows(scale: float) -> None:
    """On 20,000 bars with spikes and a plateau they are the exactly summed distances to 1e-12."""
    source = walk(20_000, 6).close * scale
    source[7000:7003] *= 1e12
    source[12_000:14_500] = source[12_000]
    mean = pine_means(source, 1000)
    values = deviations_long(source, mean, 1000)
    assert np.isnan(values[:999]).all()
    for i in range(999, 20_000, 97):
        wanted = math.fsum(np.abs(source[i - 999 : i + 1] - mean[i]).tolist()) / 1000
        assert values[i] == pytest.approx(wanted, rel=1e-12, abs=0)
