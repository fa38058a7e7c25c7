"""A validated message, written the way a receiver's profile says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.config import Profile
from engine.config.profile import ALL_FIELDS, EVERYTHING, PLACEHOLDER
from engine.errors import InvalidMessageError
from engine.webhook.numbers import plain

_ABSENT = object()
_HARMLESS = frozenset({"action", "log", "clientOrderId"})
_CLOSES = ("close", "sell")


def render(profile: Profile, message: Mapping[str, object], known: Mapping[str, object]) -> dict[str, Any]:
    """Give the JSON document of a message for a receiver; `known` has name, token, sentAt and the connector's values.

    Errors: InvalidMessageError where the receiver has no word for the action, or no place for something that matters.
    """
    action = str(message.get("action", ""))
    if action and action not in profile.actions:
        there = ", ".join(profile.actions)
        raise InvalidMessageError({"action": f"this receiver has no '{action}'; it has {there}"})
    words = profile.actions.get(action, {})
    fields = {name: words.get(name, value) for name, value in message.items()}
    used: set[str] = set()
    document = _mapping(profile.body, {**known, **fields, **words}, fields, used)
    if faults := _left_out(profile, action, message, used):
        raise InvalidMessageError(faults)
    return document


def render_headers(profile: Profile, known: Mapping[str, object]) -> dict[str, str]:
    """Give the headers that the receiver wants beside our own."""
    return {name: str(_text(template, known, set())) for name, template in profile.headers.items()}


def _left_out(profile: Profile, action: str, message: Mapping[str, object], used: set[str]) -> dict[str, str]:
    """Say which fields would be lost: an order without its limit is another order."""
    percent = message.get("percent")
    closes = action.startswith(_CLOSES)
    whole = "fixed" not in message and (percent is None or Decimal(str(percent)) == 100)
    harmless = _HARMLESS | ({"percent"} if whole else set())  # all of it is what is meant where nothing is said
    faults = {
        name: "this receiver's profile has no place for it, and without it the order is another one"
        for name in message
        if name not in used and name not in harmless
    }
    if closes and not whole and profile.whole_closes_only:
        faults.setdefault("fixed" if "fixed" in message else "percent", "this receiver closes all of a position only")
    return faults


def _mapping(
    template: Mapping[str, object], values: Mapping[str, object], fields: Mapping[str, object], used: set[str]
) -> dict[str, Any]:
    """Fill a mapping in; of a nested one that would lack something, nothing is left."""
    filled: dict[str, Any] = {}
    for key, below in template.items():
        if key == EVERYTHING and below == ALL_FIELDS:
            filled |= fields
            used |= set(fields)
            continue
        value = _value(below, values, fields, used)
        if value is not _ABSENT:
            filled[key] = value
    return filled


def _value(template: object, values: Mapping[str, object], fields: Mapping[str, object], used: set[str]) -> object:
    if isinstance(template, str):
        return _text(template, values, used)
    if isinstance(template, list):
        items = [_value(item, values, fields, used) for item in template]
        return _ABSENT if _ABSENT in items else items
    if isinstance(template, dict):
        inner: set[str] = set()
        filled = _mapping(template, values, fields, inner)
        if len(filled) < len(template) and EVERYTHING not in template:
            return _ABSENT
        used |= inner
        return filled
    return template


def _text(template: str, values: Mapping[str, object], used: set[str]) -> object:
    """Fill a text in. A template that is one placeholder alone keeps the value's type."""
    names = PLACEHOLDER.findall(template)
    if any(name not in values for name, _ in names):
        return _ABSENT
    used |= {name for name, _ in names}
    alone = PLACEHOLDER.fullmatch(template)
    if alone is None:
        return PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)
    value = values[alone[1]]
    if not alone[2]:
        return value
    number = plain(str(value))
    return int(number) if number == int(number) else float(number)
