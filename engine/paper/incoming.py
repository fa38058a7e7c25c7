"""A message as the platform's page allows it, read from the receiving end.

Looser than what our own sender allows itself where the page is looser (`fixed` beside `percent`, an order without a
size), and exactly as strict where the page is strict (strings, names, what belongs to which market).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, pairwise

from engine.documents import did_you_mean
from engine.errors import InvalidMessageError
from engine.market import MarketKind
from engine.paper import target as sync
from engine.paper.size import PLAIN_NUMBER, SizeKind, kind_of
from engine.paper.target import Target
from engine.webhook import Action, number_text

NUMBERS = ("fixed", "percent", "limit", "profit", "loss")
SENDER = ("connectorName", "connectorToken")
MANDATORY = (*SENDER, "action")
STRINGS = (*MANDATORY, *NUMBERS, "log", "clientOrderId", "delaySecondsFilter")
FIELDS = (*STRINGS, "delaySeconds")

MOST_DELAY_S = 10**9
_MOST_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid message. `size` is None for cancels only; `limit` None is a market order; delays are seconds.

    With a `target` it carries a position instead of an action, and the size is that of an entry.
    """

    connector: str
    action: Action | None
    size_kind: SizeKind | None
    size: Decimal | None
    limit: Decimal | None = None
    profit: Decimal | None = None
    loss: Decimal | None = None
    log: str = ""
    client_order_id: str | None = None
    delay_s: float = 0.0
    target: Target | None = None

    @property
    def cancels(self) -> bool:
        """Whether it withdraws orders instead of placing one."""
        return self.action is not None and self.action.cancels


def read(document: Mapping[str, object], market: MarketKind, *, syncs: bool = False) -> Incoming:
    """Read a message for a connector of `market`; with `syncs`, one whose strategy takes positions too.

    Errors: InvalidMessageError with every fault, by the field's name in the JSON.
    """
    carries = syncs and "position" in document
    faults: dict[str, str] = {}
    found = (
        *_types(document, syncs=syncs),
        *(sync.faults_of(document, market) if carries else _action_faults(document, market)),
        *(_spot_faults(document) if market is MarketKind.SPOT else ()),
        *_delay_faults(document),
    )
    for field, fault in found:
        faults.setdefault(field, fault)
    if not faults:
        faults |= _beside_position(document) if carries else _contradictions(document)
    if faults:
        raise InvalidMessageError(faults)
    action = None if carries else Action.read(_text(document, "action") or "")
    size_kind, size = sync.read_entry(document) if carries else _size(document, action)
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
        target=sync.read_target(document) if carries else None,
    )


def mandatory_faults(document: Mapping[str, object]) -> dict[str, str]:
    """Give what is wrong with the three fields without which nothing else can be judged."""
    return {field: fault for field, fault in _types(document) if field in MANDATORY}


def _types(document: Mapping[str, object], *, syncs: bool = False) -> Iterator[tuple[str, str]]:
    known = (*FIELDS, *sync.FIELDS) if syncs else FIELDS
    for field in MANDATORY:
        if field not in document:
            if field != "action" or "position" not in document:
                yield field, "is missing"
        elif document[field] == "":
            yield field, "is empty"
    for field in islice((field for field in document if field not in known), _MOST_UNKNOWN):
        if field in sync.FIELDS:
            yield field, "is for connectors of the sync template; set 'template: sync' for this one"
        else:
            yield field, f"is unknown; {did_you_mean(field, known) or 'known are ' + ', '.join(known)}"
    if syncs and "position" not in document:
        yield from ((field, "needs 'position' beside it") for field in sync.FIELDS if field in document)
    for field, value in document.items():
        if field in STRINGS and not isinstance(value, str):
            yield field, f"is {kind_of(value)}; it must be a STRING" + (', such as "0.5"' if field in NUMBERS else "")
        elif field in NUMBERS:
            yield from ((field, fault) for fault in _number_faults(field, str(value)))
    if document.get("clientOrderId") == "":
        yield "clientOrderId", "is empty"


def _number_faults(field: str, text: str) -> Iterator[str]:
    if not PLAIN_NUMBER.fullmatch(text):
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
    if action is Action.CANCEL and "clientOrderId" not in document:
        yield "clientOrderId", "is missing; 'cancel' cancels by it"


def _spot_faults(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for field in ("profit", "loss"):
        if field in document:
            yield field, "exists on USD-M futures only; this connector is for spot"


def _contradictions(document: Mapping[str, object]) -> dict[str, str]:
    """Give what cannot be meant together, of fields that are sound each by itself."""
    action = Action.read(_text(document, "action") or "")
    if not action.opens:
        levels = [name for name in ("profit", "loss") if name in document]
        return dict.fromkeys(levels, f"belongs to an order that opens, not to '{action}'")
    ladder = ["loss", "limit", "profit"]
    if action is Action.OPEN_SHORT:
        ladder.reverse()
    present = [(name, price) for name in ladder if (price := _number(document, name)) is not None]
    return {
        high_name: f"is {number_text(high)}; for {action} it must be above '{low_name}' ({number_text(low)})"
        for (low_name, low), (high_name, high) in pairwise(present)
        if low >= high
    }


def _beside_position(document: Mapping[str, object]) -> dict[str, str]:
    """Name what a position leaves no room for."""
    return {
        name: "stands beside 'position', which says all of it"
        for name in ("action", *NUMBERS, "clientOrderId")
        if name in document and name not in ("profit", "loss")
    }


def _delay_faults(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if "delaySeconds" in document:
        seconds = document["delaySeconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            yield "delaySeconds", f"is {kind_of(seconds)}; it must be a NUMBER, the one field that is"
        elif not (0 <= seconds <= MOST_DELAY_S):
            yield "delaySeconds", "is below 0 or endless"
    if "delaySecondsFilter" in document:
        if "delaySeconds" not in document:
            yield "delaySecondsFilter", "needs 'delaySeconds' beside it"
        elif document["delaySecondsFilter"] == "":
            yield "delaySecondsFilter", "is empty, and so would match every log"


def _size(document: Mapping[str, object], action: Action | None) -> tuple[SizeKind, Decimal] | tuple[None, None]:
    """`fixed` takes precedence; neither is 100 percent; what cancels has none."""
    if action is not None and action.cancels:
        return None, None
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
