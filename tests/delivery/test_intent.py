from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.delivery import Intent, intent_of
from engine.market import MarketKind
from engine.webhook import Action, Message

_FUTURES, _SPOT = MarketKind.FUTURES, MarketKind.SPOT


@pytest.mark.parametrize(
    ("market", "action", "fields", "intent"),
    [
        (_FUTURES, Action.OPEN_LONG, {"percent": 10}, Intent.OPEN),
        (_FUTURES, Action.OPEN_SHORT, {"fixed": 1, "limit": 5}, Intent.OPEN),
        (_SPOT, Action.BUY, {"percent": 100}, Intent.OPEN),
        (_FUTURES, Action.CLOSE_LONG, {}, Intent.CLOSE),
        (_FUTURES, Action.CLOSE_SHORT, {"percent": 100}, Intent.CLOSE),
        (_SPOT, Action.SELL, {"percent": 100, "limit": 7}, Intent.CLOSE),
        (_FUTURES, Action.CLOSE_LONG, {"percent": 50}, Intent.PARTIAL_CLOSE),
        (_FUTURES, Action.CLOSE_SHORT, {"fixed": 100}, Intent.PARTIAL_CLOSE),
        (_SPOT, Action.SELL, {"fixed": 100}, Intent.PARTIAL_CLOSE),
        (_SPOT, Action.SELL, {"percent": "99.9999"}, Intent.PARTIAL_CLOSE),
        (_FUTURES, Action.CANCEL, {"client_order_id": "a"}, Intent.CANCEL),
        (_SPOT, Action.CANCEL_ALL, {}, Intent.CANCEL_ALL),
    ],
)
def test_what_a_message_does_follows_from_what_it_says(
    market: MarketKind, action: Action, fields: dict[str, Any], intent: Intent
) -> None:
    """Entries open; what closes all may be repeated, what closes an amount or a part may not; cancels are cancels."""
    given: dict[str, Any] = {n: value if n == "client_order_id" else Decimal(value) for n, value in fields.items()}
    assert intent_of(Message(market, action, **given)) is intent


def test_only_what_could_double_or_overshoot_is_sent_at_most_once() -> None:
    """An open and a partial close; full closes and both cancels may arrive twice."""
    assert {intent for intent in Intent if intent.at_most_once} == {Intent.OPEN, Intent.PARTIAL_CLOSE}
