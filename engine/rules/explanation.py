"""Why a rule decided what it decided on a bar: its conditions as written, and the values they had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Truth = bool | None
"""True, false, or None: unknown. Only true acts."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two numbers that were compared; na as None.

    `flips_at` is how far the left one must move for the comparison to turn (0: any move turns it), in its own unit;
    `flips_at_percent` the same in percent of the right one. None where it is unknown, and where the right one is 0.
    """

    left: str
    operator: str
    right: str
    left_value: float | None
    right_value: float | None
    flips_at: float | None
    flips_at_percent: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, or a part of one.

    `kind` says what joins the parts, or what it is without any: "all", "any", "not" (the file's trees); "and", "or",
    "chain" (`30 < x < 70`), "choice" (`c ? a : b`: c, a, b); "crossing" (its parts: on this bar, and before);
    "earlier" (`x[n]`: x as it was); "comparison"; "name" (of a definition); "value" (anything else).
    `bars_ago` counts from the bar that is explained. `unknown` says why the truth is unknown, where that begins here.
    """

    kind: str
    text: str
    truth: Truth
    parts: tuple[Part, ...] = ()
    compared: Compared | None = None
    bars_ago: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A definition or parameter that the conditions use: a number (na as None), or a condition with its parts."""

    name: str
    text: str
    value: float | None = None
    condition: Part | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """One condition of a rule, such as "long.enter". `acts` is what the machine read: the plan's own output.

    It differs from the condition's truth only where the rule file adds more to it elsewhere, such as sessions.
    """

    name: str
    condition: Part
    acts: Truth


@dataclass(frozen=True, slots=True)
class Explanation:
    """All conditions of a rule on one bar, which opened at `time_ms` and was bar number `bar` of those at hand.

    Indicators are warm from bar number `warmup` on. `position` is what conditions on the position were told.
    """

    time_ms: int
    bar: int
    warmup: int
    conditions: tuple[Explained, ...]
    names: tuple[Named, ...]
    position: Mapping[str, float]
