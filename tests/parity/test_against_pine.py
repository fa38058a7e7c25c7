"""TradingView's emulator a second time: PyneCore, whose own was measured there, on strategies at random."""

from __future__ import annotations

from tests.parity.pine import chosen, compared
from tests.parity.pine_strategies import KINDS


def test_random_strategies() -> None:
    """Both make the same trades: entries of every kind, exits, ladders, trailing, pyramiding, costs, margin calls."""
    found = compared(list(chosen(3 * len(KINDS))))
    different = [one.first_difference for one in found if not one.equal]
    assert not different, "\n".join(different)
    assert sum(len(one.theirs) for one in found) > 800
