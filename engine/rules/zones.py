"""Times in a zone, for `hour(time, "America/New_York")`: the zone's clock is read as if it were UTC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np

from engine.market import Bars
from engine.market.bars import Column
from engine.rules.nodes import Node, Result
from engine.rules.operators import Value

_OFFSET = re.compile(r"(?:UTC|GMT)(?:([+-])(\d{1,2})(?::?(\d\d))?)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,60}", re.ASCII)
_SLOT_MS = 900_000  # no zone's clock is changed at other times than whole quarters of an hour
_RANGE = (-62_135_596_800_000 + 86_400_000, 253_402_300_800_000 - 86_400_000)  # the years that Python's calendar has


def zone_of(text: str) -> tzinfo | None:
    """Read "UTC-5", "GMT+0530" or a name such as "America/New_York"; None where it is no zone."""
    if match := _OFFSET.fullmatch(text):
        hours, minutes = int(match[2] or 0), int(match[3] or 0)
        ahead = timedelta(hours=hours, minutes=minutes)
        if hours > 14 or minutes > 59:
            return None
        return timezone(-ahead if match[1] == "-" else ahead)
    if not _NAME.fullmatch(text):
        return None
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        return None


@dataclass(frozen=True, eq=False)
class LocalTime(Node):
    """The operand, a time in ms, moved by the zone's distance from UTC at that time."""

    operand: Node
    zone: str

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The operand."""
        return (self.operand,)

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:  # noqa: ARG002 - the signature of every node
        """Add the distance from UTC; na where the time is, or has no calendar."""
        return local_times(np.asarray(cast(Value, values[0]), dtype=np.float64), self.zone)


def local_times(moments: Column, zone: str) -> Column:
    """Give times in ms UTC as a zone's clock shows them, read as if it were UTC; na where there is no calendar."""
    known = (moments >= _RANGE[0]) & (moments <= _RANGE[1])
    clock = zone_of(zone)
    if isinstance(clock, timezone):  # its clock is never changed
        return np.where(known, moments + _ahead_ms(0.0, clock), np.nan)
    slots, places = np.unique(np.where(known, moments, 0.0) // _SLOT_MS, return_inverse=True)
    ahead = np.array([_ahead_ms(float(slot) * _SLOT_MS, clock) for slot in slots])
    return np.where(known, moments + ahead[places].reshape(moments.shape), np.nan)


def _ahead_ms(moment: float, zone: tzinfo | None) -> float:
    offset = datetime.fromtimestamp(moment / 1000, zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds() * 1000
