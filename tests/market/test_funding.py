"""What falls due in which candle."""

from __future__ import annotations

import numpy as np
import pytest

from engine.market import Bars, Timeframe
from engine.market.funding import Funding, constant_funding

HOUR = 3_600_000


def bars(length: str, opens: list[int]) -> Bars:
    timeframe = Timeframe.parse(length)
    return Bars.of(timeframe, [[hour * HOUR, 1, 1, 1, 1, 1] for hour in opens])


@pytest.mark.parametrize(
    ("length", "opens", "payments"),
    [
        ("4h", [0, 4, 8, 12], [1, 0, 1, 0]),
        ("1h", [7, 8, 9], [0, 1, 0]),
        ("1d", [0, 24], [3, 3]),
        ("12h", [0, 12], [2, 1]),
        ("1h", [6, 11, 23, 24], [0, 1, 1, 1]),  # gaps: what was due in them is due after them
    ],
)
def test_every_eight_hours(length: str, opens: list[int], payments: list[int]) -> None:
    """A rate is due at 00, 08 and 16 UTC: in the candle that holds that moment, as often as it does."""
    np.testing.assert_allclose(constant_funding(bars(length, opens), 0.5), np.array(payments) * 0.5)


def test_rates_as_they_were() -> None:
    """Each rate is due in the candle that holds its moment, or in the next one; outside of all, in none."""
    rates = Funding(np.array([-1, 0, 5, 30, 47, 48, 99]) * HOUR, np.array([9.0, 1, 2, 4, 8, 16, 32]))
    np.testing.assert_array_equal(rates.on(bars("1d", [0, 24, 48])), [3, 12, 16])
    np.testing.assert_array_equal(rates.on(bars("1h", [0, 6, 48])), [1, 2, 28])
