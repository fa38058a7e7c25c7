"""What a receiver answers when it has taken a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Success:
    """How an answer with a status of 2xx says that the message was taken.

    By its body (as text, or as one JSON string), or by fields of a JSON object; with neither, by the status alone.
    """

    body: str | None = "ok"
    fields: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Refuse two ways at once."""
        if self.body is not None and self.fields is not None:
            raise ValueError("a success is told by the body or by its fields, not by both")

    def told_by(self, status: int, body: str) -> bool:
        """Tell whether this answer is a success."""
        if not 200 <= status < 300:
            return False
        if self.body is not None:
            return _text(body) == self.body
        return self.fields is None or _holds(body, self.fields)


PLAIN = Success()
"""The seed's: the body `ok`."""


def _text(body: str) -> str:
    text = body.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _holds(body: str, fields: Mapping[str, object]) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    missing = object()
    return all(_same(document.get(name, missing), value) for name, value in fields.items())


def _same(found: object, wanted: object) -> bool:
    return type(found) is type(wanted) and found == wanted  # 1 is not true
