"""Which numbers a field takes. What is the same on every bar is held against it when the rule is read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.rules.places import KINDS


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `least` to `most`, the ends included or not."""

    least: float
    most: float = float("inf")
    with_least: bool = False
    with_most: bool = True
    whole: bool = False

    def takes(self, value: float) -> bool:
        """Tell whether a number is one of them; na is none."""
        low = value >= self.least if self.with_least else value > self.least
        high = value <= self.most if self.with_most else value < self.most
        return low and high and not (self.whole and value % 1)

    def __str__(self) -> str:
        """Say which they are."""
        if self.with_least:
            return f"{'a whole number ' * self.whole}from {self.least:g} to {self.most:,.10g}"
        above = f"above {self.least:g}"
        if self.most == float("inf"):
            return above
        return f"{above}, and {'at most' if self.with_most else 'below'} {self.most:g}"


ANY = Range(float("-inf"))
POSITIVE = Range(0)
SHARE = Range(0, 100)
PART = Range(0, 100, with_most=False)
"""Percent of a price that is taken from it: at 100 nothing would be left."""
BARS = Range(1, 1_000_000, with_least=True, whole=True)
SECONDS = Range(0, 86_400, with_least=True)

SIZE = {"percent": SHARE, "fixed": POSITIVE, "notional": POSITIVE, "risk_percent": SHARE}


def away(kind: str, *, below: bool) -> Range:
    """Give the range of a level of that kind, `below` the price that it is counted from, or above it."""
    assert kind in KINDS  # noqa: S101 - the caller took it from there
    return PART if kind == "percent" and below else POSITIVE
