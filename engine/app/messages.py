"""One message by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from engine.errors import InvalidMessageError
from engine.market import MarketKind
from engine.webhook import Action, Message, plain

TOKEN_PLACE = "YOUR_TOKEN"  # noqa: S105 - what the platform's own page prints in the token's place


def compose(
    action: str,
    market: str | None,
    *,
    numbers: Mapping[str, str | None],
    log: str | None = None,
    client_order_id: str | None = None,
    delay_seconds: float | None = None,
    delay_seconds_filter: str | None = None,
) -> Message:
    """Build a message from texts. Errors: InvalidMessageError with all that is wrong, by field."""
    faults: dict[str, str] = {}
    read: dict[str, Decimal] = {}
    for name, text in numbers.items():
        if text is not None:
            try:
                read[name] = plain(text)
            except ValueError as error:
                faults[name] = str(error)
    kind: MarketKind | None = None
    meant: Action | None = None
    try:
        meant = Action.read(action)
        kind = MarketKind(market) if market else meant.market or MarketKind.FUTURES
    except ValueError as error:
        faults["action" if meant is None else "market"] = str(error) if meant is None else "is 'futures' or 'spot'"
    if faults or meant is None or kind is None:
        raise InvalidMessageError(faults)
    return Message(
        kind,
        meant,
        log=log,
        client_order_id=client_order_id,
        delay_seconds=delay_seconds,
        delay_seconds_filter=delay_seconds_filter,
        **read,
    )


def page_json(message: Message, connector: str) -> str:
    """Give the whole JSON with a connector's name and a place for the token, which is never printed."""
    document = {"connectorName": connector, "connectorToken": TOKEN_PLACE, **message.body()}
    return json.dumps(document, indent=2, ensure_ascii=False)
