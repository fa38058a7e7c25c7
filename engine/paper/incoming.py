"""A message as the platform's page allows it, read from the receiving end.

Looser than what our own sender allows itself where the page is looser (`fixed` beside `percent`, an order without a
size), and exactly as strict where the page is strict (strings, names, what belongs to which market).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice

from engine.documents import did_you_mean
from engine.errors import InvalidMessageError
from engine.market import MarketKind
from engine.webhook import Action

NUMBERS = ("fixed", "percent", "limit", "profit", "loss")
MANDATORY = ("connectorName", "connectorToken", "action")
STRINGS = (*MANDATORY, *NUMBERS, "log", "clientOrderId", "delaySecondsFilter")
FIELDS = (*STRINGS, "delaySeconds")

_MOST_UNKNOWN = 10
_PLAIN_NUMBER = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")  # [0-9], for \d takes the digits of every script


class SizeKind(StrEnum):
    """Which of the two sizes an order goes by."""

    FIXED = "fixed"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid message. `size` is None for cancels only; `limit` None is a market order; delays are seconds."""

    connector: str
    action: Action
    size_kind: SizeKind | None
    size: Decimal | None
    limit: Decimal | None = None
    profit: Decimal | None = None
    loss: Decimal | None = None
    log: str = ""
    client_order_id: str | None = None
    delay_s: float = 0.0


def read(document: Mapping[str, object], market: MarketKind) -> Incoming:
    """Read a message for a connector of `market`.

    Errors: InvalidMessageError with every fault, by the field's name in the JSON.
    """
    faults: dict[str, str] = {}
    for field, fault in (*_types(document), *_action_faults(document, market), *_delay_faults(document)):
        faults.setdefault(field, fault)
    if faults:
        raise InvalidMessageError(faults)
    action = Action.read(_text(document, "action") or "")
    size_kind, size = (None, None) if action.cancels else _size(document)
    return Incoming(
        connector=_text(document, "connectorName") or "",
        action=action,
        size_kind=size_kind,
        size=size,
        limit=_number(document, "limit"),
        profit=_number(document, "profit"),
        loss=_number(document, "loss"),
        log=_text(document, "log") or "",
        client_order_id=_text(document, "clientOrderId"),
        delay_s=_delay(document),
    )


def mandatory_faults(document: Mapping[str, object]) -> dict[str, str]:
    """Give what is wrong with the three fields without which nothing else can be judged."""
    return {field: fault for field, fault in _types(document) if field in MANDATORY}


def _types(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for field in MANDATORY:
        if field not in document:
            yield field, "is missing"
        elif document[field] == "":
            yield field, "is empty"
    for field in islice((field for field in document if field not in FIELDS), _MOST_UNKNOWN):
        yield field, f"is unknown; {did_you_mean(field, FIELDS) or 'known are ' + ', '.join(FIELDS)}"
    for field, value in document.items():
        if field in STRINGS and not isinstance(value, str):
            yield field, f"is {_kind(value)}; it must be a STRING" + (', such as "0.5"' if field in NUMBERS else "")
        elif field in NUMBERS:
            yield from ((field, fault) for fault in _number_faults(field, str(value)))
    if document.get("clientOrderId") == "":
        yield "clientOrderId", "is empty"


def _number_faults(field: str, text: str) -> Iterator[str]:
    if not _PLAIN_NUMBER.fullmatch(text):
        shown = f"'{text}'" if len(text) <= 40 else f"{len(text)} characters long"  # never half a token
        yield f'is {shown}; it must be a plain decimal number such as "0.00009": no sign, exponent or blank'
    elif Decimal(text) == 0:
        yield "is 0; it must be above 0"
    elif field == "percent" and Decimal(text) > 100:
        yield f"is {text}; more than 100 % of what is available cannot be had"


def _action_faults(document: Mapping[str, object], market: MarketKind) -> Iterator[tuple[str, str]]:
    text = _text(document, "action")
    if text is None:
        return
    try:
        action = Action.read(text)
    except ValueError as error:
        yield "action", str(error)
        return
    if action.market not in (None, market):
        yield "action", f"'{text}' does not exist on this connector's {market} market"
    if market is MarketKind.SPOT:
        for field in ("profit", "loss"):
            if field in document:
                yield field, "exists on USD-M futures only; this connector is for spot"
    if action is Action.CANCEL and "clientOrderId" not in document:
        yield "clientOrderId", "is missing; 'cancel' cancels by it"


def _delay_faults(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if "delaySeconds" in document:
        seconds = document["delaySeconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            yield "delaySeconds", f"is {_kind(seconds)}; it must be a NUMBER, the one field that is"
        elif not (0 <= seconds <= 10**9):
            yield "delaySeconds", "is below 0 or endless"
    if "delaySecondsFilter" in document:
        if "delaySeconds" not in document:
            yield "delaySecondsFilter", "needs 'delaySeconds' beside it"
        elif document["delaySecondsFilter"] == "":
            yield "delaySecondsFilter", "is empty, and so would match every log"


def _size(document: Mapping[str, object]) -> tuple[SizeKind, Decimal]:
    """`fixed` takes precedence; neither is 100 percent."""
    fixed = _number(document, "fixed")
    if fixed is not None:
        return SizeKind.FIXED, fixed
    return SizeKind.PERCENT, _number(document, "percent") or Decimal(100)


def _delay(document: Mapping[str, object]) -> float:
    seconds = document.get("delaySeconds", 0)
    word = _text(document, "delaySecondsFilter")
    applies = word is None or word in (_text(document, "log") or "")
    return float(seconds) if applies and isinstance(seconds, int | float) and math.isfinite(seconds) else 0.0


def _text(document: Mapping[str, object], field: str) -> str | None:
    value = document.get(field)
    return value if isinstance(value, str) else None


def _number(document: Mapping[str, object], field: str) -> Decimal | None:
    text = _text(document, field)
    return None if text is None else Decimal(text)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null" if value is None else type(value).__name__)
