"""One received message, as the ledger keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What was said to a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # an order under an id that was placed before: answered as success, changes nothing
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One received message, and a row of `/api/messages`.

    `sequence` counts from 1. `connector` is "" where it was not one of ours. `fields` are the JSON's own without
    connector and token. `size_kind` and `size` are what the platform goes by: "fixed" or "percent" and a plain decimal;
    None for cancels and for what was rejected. `action` is in its canonical spelling where the message was valid, and
    "position" for one that carries a position. `became` says what it did to the account, None while it waits; it acts
    at `acts_ms`, in the market's time.
    """

    sequence: int
    time_ms: int
    connector: str
    action: str
    client_order_id: str | None
    fields: dict[str, object]
    size_kind: str | None
    size: str | None
    verdict: Verdict
    reason: str
    acts_ms: int | None = None
    became: str | None = None

    def row(self) -> dict[str, object]:
        """Give it as a row of `messages`."""
        return {**asdict(self), "fields": json.dumps(self.fields), "verdict": str(self.verdict)}


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Read a row of `messages`."""
    return Entry(**{**row, "fields": json.loads(row["fields"]), "verdict": Verdict(row["verdict"])})
