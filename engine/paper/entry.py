"""One received message, and the table it is kept in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import Column, Index, Integer, MetaData, Row, String, Table, and_

from engine.webhook import Action

_CANCELS = [str(action) for action in Action if action.cancels]

metadata = MetaData()
messages = Table(
    "messages",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("time_ms", Integer, nullable=False),
    Column("connector", String, nullable=False),
    Column("action", String, nullable=False),
    Column("client_order_id", String),
    Column("fields", String, nullable=False),
    Column("size_kind", String),
    Column("size", String),
    Column("verdict", String, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)
placed = and_(messages.c.verdict == "accepted", messages.c.action.not_in(_CANCELS))

# Two orders under one id cannot be written, whoever writes.
Index("placed_once", messages.c.connector, messages.c.client_order_id, unique=True, sqlite_where=placed)


class Verdict(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # an order under an id that was placed before: answered as success, changes nothing
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One received message.

    `sequence` counts from 1. `connector` is "" where it was not one of ours. `fields` are the JSON's own without
    connector and token. `size_kind` and `size` are what the platform goes by: "fixed" or "percent" and a plain decimal;
    None for cancels and for what was rejected. `action` is in its canonical spelling where the message was valid.
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

    def as_json(self) -> dict[str, object]:
        """Give it as a JSON object, with the names that `/api/messages` uses."""
        return asdict(self)


def entry_of(row: Row[tuple[object, ...]]) -> Entry:
    """Read a row of `messages`."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Entry(**{**values, "fields": json.loads(values["fields"]), "verdict": Verdict(values["verdict"])})
