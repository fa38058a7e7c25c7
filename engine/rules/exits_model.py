"""The shape of what ends a position: take-profit and stop-loss, alone or as a ladder, trailing, break-even."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from engine.documents import faults_at
from engine.documents.nodes import Path
from engine.rules.places import DISTANCES, KINDS
from engine.rules.shapes import Shape, Strict, Value, given, reader

MOST_RUNGS = 8
_EXAMPLE = "{percent: 2}"


class Distance(Strict):
    """How far away: percent, price steps, or a distance in price."""

    percent: Value | None = None
    ticks: Value | None = None
    distance: Value | None = None

    @property
    def kind(self) -> str:
        """Which of the keys is there."""
        return next(name for name in KINDS if name in self.model_fields_set)

    @model_validator(mode="after")
    def _one(self) -> Distance:
        given(self, DISTANCES, _EXAMPLE)
        return self


class Level(Strict):
    """A price to leave at: the price itself, or how far it is from the signal's close, or from the entry."""

    percent: Value | None = None
    ticks: Value | None = None
    distance: Value | None = None
    price: Value | None = None
    counted: Literal["signal", "entry"] = Field(default="signal", alias="from")
    every_bar: bool = False
    close_percent: Value | None = None

    @property
    def kind(self) -> str:
        """Which of percent, ticks, distance and price is there."""
        return next(name for name in KINDS if name in self.model_fields_set)

    @model_validator(mode="after")
    def _makes_sense(self) -> Level:
        if given(self, KINDS, _EXAMPLE) == "price" and self.counted == "entry":
            raise faults_at([(("from",), "a price stands by itself; it is not counted from the entry")])
        return self


def _levels(value: object) -> object:
    if not isinstance(value, list):
        level = Level.model_validate(value)
        if "close_percent" in level.model_fields_set:
            raise faults_at([(("close_percent",), "'close_percent' is for a list of levels; this one closes all")])
        return level
    if not 1 <= len(value) <= MOST_RUNGS:
        raise ValueError(f"a list holds 1 to {MOST_RUNGS} levels")
    levels: list[Level] = reader(list[Level]).validate_python(value)
    faults: list[tuple[Path, str]] = [
        ((i,), "every level but the last needs a 'close_percent': how much of the position it closes")
        for i, level in enumerate(levels[:-1])
        if "close_percent" not in level.model_fields_set
    ]
    if faults:
        raise faults_at(faults)
    return levels


Levels = Annotated[
    Level | list[Level],
    BeforeValidator(_levels),
    Shape(Level | Annotated[list[Level], Field(min_length=1, max_length=MOST_RUNGS)]),
]


class TrailingStart(Strict):
    """How far the price must have come before the stop begins to trail."""

    percent: Value | None = None
    ticks: Value | None = None
    distance: Value | None = None
    price: Value | None = None

    @property
    def kind(self) -> str:
        """Which of the keys is there."""
        return next(name for name in KINDS if name in self.model_fields_set)

    @model_validator(mode="after")
    def _one(self) -> TrailingStart:
        given(self, KINDS, _EXAMPLE)
        return self


class Trailing(Distance):
    """A stop that follows the best price since the entry, and never goes back."""

    start: TrailingStart | None = Field(default=None, description="Where it begins to trail; else at once.")


class BreakEven(Strict):
    """Moves the stop to the entry price once the price has come far enough."""

    after: Distance
