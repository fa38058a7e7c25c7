"""What a receiver has promised."""

from __future__ import annotations

from dataclasses import dataclass

from engine.delivery.success import PLAIN, Success


@dataclass(frozen=True, slots=True)
class Terms:
    """Whether a receiver recognises a repeated client order id, and how it says that it took a message."""

    deduplicates: bool = False
    success: Success = PLAIN
