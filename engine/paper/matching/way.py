"""The price's way through a candle: open, the nearer of high and low, the other, close.

Written apart from the machine's own, whose promises the platform is there to check; a test holds both together.
"""

from __future__ import annotations

from decimal import Decimal


def high_first(opened: Decimal, high: Decimal, low: Decimal) -> bool:
    """Tell whether prices went to the high before the low: to the nearer one of the open."""
    return high - opened < opened - low


def touched(level: Decimal, above: bool, here: Decimal, end: Decimal, start: Decimal) -> Decimal | None:
    """Give the price at which an order at `level` is met between `here` and `end` of a leg from `start`; None if not.

    `above`: it waits for prices at or above its level. Where `here` is past it, it is met here.
    """
    if above:
        if here >= level:
            return here
        return level if end >= start and end >= level else None
    if here <= level:
        return here
    return level if end <= start and end <= level else None
