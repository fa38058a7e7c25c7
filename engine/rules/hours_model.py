"""The shape of `sessions` and `flat_at`: hours of the day, on days of the week, by the clock of a zone."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from engine.documents import did_you_mean
from engine.rules.shapes import Shape, Strict
from engine.rules.zones import zone_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)|24:00"
_PATTERN = re.compile(_TIME)


def minutes_of(text: str) -> int:
    """Read "16:45" as minutes since midnight; 24:00 is the end of the day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def days_in(days: str | list[str]) -> frozenset[int]:
    """Read days, Monday as 0: "mon-fri", "sat", ["mon", "wed"]. Errors: ValueError that says what is accepted."""
    found: set[int] = set()
    for part in [days] if isinstance(days, str) else days:
        first, dash, last = part.partition("-")
        ends = [first, last] if dash else [first]
        for day in ends:
            if day not in DAYS:
                hint = did_you_mean(day, DAYS) or f"there are {', '.join(DAYS)}"
                raise ValueError(f"'{day}' is no day; {hint}")
        start = DAYS.index(first)
        found |= {(start + i) % 7 for i in range((DAYS.index(ends[-1]) - start) % 7 + 1)}
    return frozenset(found)


def _days(value: object) -> object:
    listed: list[object] = value if isinstance(value, list) else [value]
    texts = [day for day in listed if isinstance(day, str)]
    if not texts or len(texts) < len(listed):
        raise ValueError("expected days, such as mon-fri or [mon, wed, fri]")
    days_in(texts)
    return value


def _time(value: object) -> object:
    if not isinstance(value, str) or not _PATTERN.fullmatch(value):
        raise ValueError("expected a time of day, such as 22:00")
    return value


def _hours(value: object) -> object:
    parts = value.split("-") if isinstance(value, str) else []
    if len(parts) != 2 or not all(_PATTERN.fullmatch(part) for part in parts) or parts[0] == "24:00":
        raise ValueError("expected hours, such as 09:30-16:00")
    if parts[0] == parts[1]:
        raise ValueError("these hours end when they begin; the whole day is 00:00-24:00")
    return value


def _zone(text: str) -> str:
    if zone_of(text) is None:
        raise ValueError(f"'{text}' is no zone; such as UTC, GMT+2 or America/New_York")
    return text


Days = Annotated[str | list[str], BeforeValidator(_days), Shape(str | list[str])]
Zone = Annotated[str, AfterValidator(_zone)]


class Session(Strict):
    """Hours in which entries may be made. A candle is inside when it closes after their start, up to their end."""

    hours: Annotated[str, BeforeValidator(_hours)] = Field(
        default="00:00-24:00", description="From when to when; over midnight too.", examples=["09:30-16:00"]
    )
    days: Days | None = Field(
        default=None, description="On which days they begin; else on all.", examples=["mon-fri", ["mon", "wed"]]
    )
    zone: Zone = Field(default="UTC", description="Whose clock they are told by.", examples=["America/New_York"])


class FlatAt(Strict):
    """When positions are closed: at the first close of a candle at that time or after it."""

    time: Annotated[str, BeforeValidator(_time)] = Field(description="The time of day.", examples=["22:00"])
    days: Days | None = Field(default=None, description="On which days; else on all.", examples=["mon-fri", "fri"])
    zone: Zone = Field(default="UTC", description="Whose clock it is told by.", examples=["America/New_York"])


def _flat_at(value: object) -> object:
    if not isinstance(value, str | dict | FlatAt):
        raise ValueError("expected a time of day, such as 22:00, or keys such as {time: 16:45, zone: America/New_York}")
    return FlatAt.model_validate({"time": value} if isinstance(value, str) else value)


def _sessions(value: object) -> object:
    if not isinstance(value, list):
        return Session.model_validate(value)
    if not value:
        raise ValueError("the list is empty; no entry could ever be made")
    return [Session.model_validate(session) for session in value]


TimeToLeave = Annotated[
    FlatAt, BeforeValidator(_flat_at), Shape(Annotated[str, Field(pattern=f"^({_TIME})$")] | FlatAt)
]
Sessions = Annotated[
    Session | list[Session],
    BeforeValidator(_sessions),
    Shape(Session | Annotated[list[Session], Field(min_length=1)]),
]
