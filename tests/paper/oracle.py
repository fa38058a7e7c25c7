"""The platform's page once more, as a judge of bodies: written from the page's table, not from the engine's reader.

It shares nothing with `engine/paper`: JSON is read by pydantic's parser, numbers are fractions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pydantic_core import from_json

_STRINGS = (
    "connectorName", "connectorToken", "action", "fixed", "percent", "limit", "profit", "loss", "log", "clientOrderId",
    "delaySecondsFilter",
)  # fmt: skip
_SYNC = ("position", "entryOrder", "maxWaitPositionReversalSeconds")
_FUTURES, _SPOT = ("openLong", "closeLong", "openShort", "closeShort"), ("buy", "sell")
_CANCEL_ALL = ("cancellAll", "cancelAll", "cancel_all")
_PLAIN = re.compile(r"\A[0-9]{1,40}(?:\.[0-9]{1,40})?\Z", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Connector:
    """What the judge knows of a connector."""

    token: str
    spot: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a valid message means. `size` is None for what has none; `delay_s` is what the filter leaves of it."""

    connector: str
    action: str
    size_kind: str | None
    size: Fraction | None
    client_order_id: str | None
    delay_s: Fraction
    places: bool


class NonsenseError(Exception):
    """Why a body is no message."""


def reading(body: bytes, known: Mapping[str, Connector], *, syncs: bool) -> Reading:
    """Read a body as the page has it. Errors: NonsenseError."""
    message = _json(body)
    name = message.get("connectorName")
    connector = known.get(name) if isinstance(name, str) else None
    _need(connector is not None and message.get("connectorToken") == connector.token, "a stranger's")
    assert connector is not None
    for field, value in message.items():
        if field == "delaySeconds":
            _number(value, 10**9)
        elif field in _STRINGS:
            _need(isinstance(value, str), f"{field} is no STRING")
        else:
            _need(syncs and field in _SYNC, f"unknown field {field!r}")
    for field in ("fixed", "percent", "limit", "profit", "loss"):
        if field in message:
            _need(_decimal(message[field]) > 0, f"{field} is not above 0")
    _need(_decimal(message.get("percent", "1")) <= 100, "over 100 %")
    _need(message.get("clientOrderId") != "", "an empty id")
    _need(not connector.spot or not {"profit", "loss"} & set(message), "levels on spot")
    if "delaySecondsFilter" in message:
        _need("delaySeconds" in message and message["delaySecondsFilter"] != "", "a filter of nothing")
    if syncs and "position" in message:
        action, size_kind, size, places = "position", *_position(message, connector), False
    else:
        _need(not set(_SYNC) & set(message), "parts of a position without one")
        action, size_kind, size, places = _action(message, connector)
    held_back = "delaySecondsFilter" in message and message["delaySecondsFilter"] not in message.get("log", "")
    delay = Fraction(0) if held_back else Fraction(message.get("delaySeconds", 0))
    return Reading(str(name), action, size_kind, size, message.get("clientOrderId"), delay, places)


def _action(message: dict[str, Any], connector: Connector) -> tuple[str, str | None, Fraction | None, bool]:
    action = message.get("action")
    if action in _CANCEL_ALL or action == "cancel":
        _need(action != "cancel" or "clientOrderId" in message, "a cancel of nothing")
        _need(not {"profit", "loss"} & set(message), "levels of a cancel")
        return ("cancel" if action == "cancel" else "cancelAll"), None, None, False
    _need(action in (_SPOT if connector.spot else _FUTURES), f"no action here: {action!r}")
    levels = [_decimal(message[field]) for field in ("loss", "limit", "profit") if field in message]
    if action in ("openLong", "openShort", "buy"):
        rising = levels[::-1] if action == "openShort" else levels
        _need(all(low < high for low, high in pairwise(rising)), "levels on the wrong side")
    else:
        _need(not {"profit", "loss"} & set(message), "levels of a close")
    if "fixed" in message:
        return str(action), "fixed", _decimal(message["fixed"]), True
    return str(action), "percent", _decimal(message.get("percent", "100")), True


def _position(message: dict[str, Any], connector: Connector) -> tuple[str | None, Fraction | None]:
    beside = {"action", "fixed", "percent", "limit", "clientOrderId"} & set(message)
    _need(not beside, f"{beside} beside a position")
    position = message["position"]
    _need(isinstance(position, dict) and set(position) == {"side", "size", "prev_side", "prev_size"}, "no position")
    for side, size in (("side", "size"), ("prev_side", "prev_size")):
        _need(position[side] in ("long", "flat") or (position[side] == "short" and not connector.spot), "no side")
        _need((position[side] == "flat") == (_decimal(position[size]) == 0), "a side that its size contradicts")
    if "maxWaitPositionReversalSeconds" in message:
        _number(message["maxWaitPositionReversalSeconds"], 86_400)
    if "entryOrder" not in message:
        _need(position["side"] == "flat", "an entry of no size")
        return None, None
    entry = message["entryOrder"]
    _need(isinstance(entry, dict) and set(entry) == {"value", "mode"}, "no entry")
    _need(entry["mode"] in ("fixed", "percent", "notional"), "no mode")
    value = _decimal(entry["value"])
    _need(0 < value <= (100 if entry["mode"] == "percent" else value), "no value")
    return str(entry["mode"]), value


def _json(body: bytes) -> dict[str, Any]:
    try:
        message = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise NonsenseError(f"no JSON: {error}") from None
    _need(isinstance(message, dict), "no object")
    for keys in _keys(body.decode()):
        _need(len(keys) == len(set(keys)), "a field twice")
    found: dict[str, Any] = message
    return found


def _keys(text: str) -> Iterator[list[str]]:
    """Give the keys of each object of a JSON text, those that come twice twice."""
    open_objects: list[list[str]] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            match = _STRING.match(text, at)
            assert match is not None
            at = match.end()
            if text[at:].lstrip(" \t\r\n").startswith(":"):
                open_objects[-1].append(from_json(match.group()))
            continue
        if text[at] == "{":
            open_objects.append([])
        elif text[at] == "}":
            yield open_objects.pop()
        at += 1


def _decimal(value: object) -> Fraction:
    _need(isinstance(value, str) and _PLAIN.match(value) is not None, f"no plain number: {value!r:.60}")
    return Fraction(str(value))


def _number(value: object, most: int) -> None:
    _need(type(value) in (int, float) and 0 <= value <= most, f"no number of seconds: {value!r:.60}")  # type: ignore[operator]


def _need(holds: bool, why: str) -> None:
    if not holds:
        raise NonsenseError(why)
