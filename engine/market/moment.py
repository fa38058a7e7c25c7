"""A moment as people write it."""

from __future__ import annotations

from datetime import UTC, datetime


def read_moment(value: object) -> int:
    """Read "2024-01-31" or an ISO time (UTC where it names no zone) as milliseconds. Errors: ValueError."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is no date; write 2024-01-31, or 2024-01-31T12:00") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
