"""A moment in the past as people say it."""

from __future__ import annotations

import re

from engine.errors import InvalidInputError
from engine.market.moment import read_moment

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000


def read_since(text: str, now_ms: int) -> int:
    """Read yesterday, today (00:00 UTC of them), 36h, 7d, or a date; ms UTC. Errors: InvalidInputError."""
    midnight = now_ms // _DAY_MS * _DAY_MS
    if text in ("today", "yesterday"):
        return midnight - (_DAY_MS if text == "yesterday" else 0)
    if span := re.fullmatch(r"(\d{1,5})([dh])", text):
        return now_ms - int(span[1]) * (_DAY_MS if span[2] == "d" else _HOUR_MS)
    try:
        return read_moment(text)
    except ValueError:
        raise InvalidInputError(f"--since {text}: write yesterday, today, 36h, 7d or 2024-01-31") from None
