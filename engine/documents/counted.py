"""Numbers of things, as people write them."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Give "1 bar", "2,000 bars"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
