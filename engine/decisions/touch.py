"""The rules of a price's way through a candle, for every kind of number: plain functions of no other room's state.

The machine compiles them; whoever matches orders without the machine calls them as they are.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar

NOISE = 1e-6
"""Prices closer than this share of a tick are one price: 0.1 + 0.2 and 0.3."""


class Price(Protocol):
    """What prices need to be able to do: float and Decimal can."""

    def __sub__(self, other: Self, /) -> Self:
        """Give a distance."""
        ...

    def __add__(self, other: Self, /) -> Self:
        """Give a price further up."""
        ...

    def __lt__(self, other: Self, /) -> bool:
        """Tell whether it is below."""
        ...

    def __le__(self, other: Self, /) -> bool:
        """Tell whether it is not above."""
        ...

    def __ge__(self, other: Self, /) -> bool:
        """Tell whether it is not below."""
        ...


P = TypeVar("P", bound=Price)


def high_first(opened: P, high: P, low: P, noise: P) -> bool:
    """Tell whether prices went to the high before the low: to the nearer one of the open."""
    return high - opened < opened - low - noise


def touched(level: P, above: bool, here: P, end: P, rising: bool, falling: bool, noise: P) -> tuple[bool, P]:
    """Tell whether a level is met on the way from `here` to `end`, and at which price: its own, or here if passed.

    `above`: the order waits for prices at or above its level.
    """
    if above:
        passed = here >= level - noise
        return passed or (rising and end >= level - noise), here if passed else level
    passed = here <= level + noise
    return passed or (falling and end <= level + noise), here if passed else level
