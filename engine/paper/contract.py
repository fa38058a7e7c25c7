"""The webhook as OpenAPI has it: what may be sent, and what is answered."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from engine.paper.incoming import FIELDS, MANDATORY, MOST_DELAY_S, NUMBERS
from engine.paper.size import PLAIN_NUMBER, SizeKind
from engine.paper.target import SIDES
from engine.webhook import Action

_NUMBER = {"type": "string", "pattern": f"^{PLAIN_NUMBER.pattern}$"}
_TEXT = {"type": "string", "minLength": 1}
_KINDS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(FIELDS, _TEXT),
    **dict.fromkeys(NUMBERS, _NUMBER),
    "action": {"type": "string", "enum": [*Action, "cancellAll", "cancel_all"]},
    "log": {"type": "string"},
    "delaySeconds": {"type": "number", "minimum": 0, "maximum": MOST_DELAY_S},
}
TAKEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken", "content": {"text/plain": {"schema": {"type": "string", "const": "ok"}}}}
}
_SIDE = {"type": "string", "enum": list(SIDES)}


class RefusalDocument(BaseModel):
    """Why a message was not taken; where fields are wrong, each by its name."""

    error: str
    fields: dict[str, str] = {}


def message_schema(*, syncs: bool) -> dict[str, Any]:
    """Give the schema of a message, by each field for itself; with `syncs`, one may carry a position instead."""
    properties, required = dict(_KINDS), list(MANDATORY)
    if syncs:
        required.remove("action")
        sizes = {"size": _NUMBER, "prev_size": _NUMBER}
        properties["position"] = _object({"side": _SIDE, "prev_side": _SIDE, **sizes})
        properties["entryOrder"] = _object({"value": _NUMBER, "mode": {"type": "string", "enum": list(SizeKind)}})
        properties["maxWaitPositionReversalSeconds"] = {"type": "number", "minimum": 0, "maximum": 86_400}
    return {**_object(properties), "required": required}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Give what OpenAPI says of these statuses of ours."""
    return {status: {"description": _MEANINGS[status], "model": RefusalDocument} for status in statuses}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_MEANINGS = {
    400: "Not one JSON object",
    401: "Unknown connector or wrong token",
    408: "The body did not come",
    413: "The body is too long",
    415: "Not application/json",
    422: "Fields are wrong",
    503: "The ledger cannot be used; nothing was taken",
}
