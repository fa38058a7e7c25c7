"""The outbox row of each kind of message that a rule may send."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Costs, Decision, Move, Reason
from engine.delivery import Intent, Row
from engine.live import Session
from engine.market import Instrument, MarketKind
from engine.rules import read_rule
from engine.webhook import Action, Message

RULE = """\
name: one
market: futures
timeframe: 1h
long: {enter: "close > close[1]", exit: "close < close[1]"}
order: {size: {percent: 25}}
"""
HOUR_MS = 3_600_000
ID = "0123456789abcdefghij0123456789ab"


@pytest.fixture(scope="module")
def session() -> Session:
    return Session("r", "main", read_rule(RULE, "rule"), Instrument("BTC/USDT:USDT", Decimal("0.1")), Costs())


def row(session: Session, action: Action, **fields: Any) -> Row:
    decision = Decision(HOUR_MS, Move.OPEN_LONG, Reason.ENTER, 1.0, None, None, None)
    return session._row(Message(MarketKind.FUTURES, action, **fields), decision)


def test_only_an_opening_has_a_lifetime(session: Session) -> None:
    """A minute after the close of its bar; closes, whole or in part, and cancels have none."""
    opened = row(session, Action.OPEN_LONG, percent=Decimal(10), client_order_id=ID)
    assert (opened.intent, opened.deadline_ms) == (Intent.OPEN, 2 * HOUR_MS + 60_000)
    for action, fields, intent in (
        (Action.CLOSE_LONG, {"client_order_id": ID}, Intent.CLOSE),
        (Action.CLOSE_LONG, {"percent": Decimal(50), "client_order_id": ID}, Intent.PARTIAL_CLOSE),
        (Action.CANCEL, {"client_order_id": ID}, Intent.CANCEL),
        (Action.CANCEL_ALL, {}, Intent.CANCEL_ALL),
    ):
        made = row(session, action, **fields)
        assert (made.intent, made.deadline_ms) == (intent, None)


def test_a_cancel_is_a_message_of_its_own(session: Session) -> None:
    """It names the order it withdraws, and would be taken for its repetition if it were known by the same id."""
    order = row(session, Action.OPEN_LONG, percent=Decimal(10), client_order_id=ID)
    cancel, everything = row(session, Action.CANCEL, client_order_id=ID), row(session, Action.CANCEL_ALL)
    assert order.client_order_id == ID
    assert len({order.client_order_id, cancel.client_order_id, everything.client_order_id}) == 3


@pytest.mark.parametrize(
    ("action", "fields", "recorded"),
    [
        (Action.OPEN_LONG, {"percent": Decimal(1), "client_order_id": ID}, ID),
        (Action.CANCEL, {"client_order_id": ID}, "bqjl2q1vr42v5uaiwzindiycx6j5ydl0"),
        (Action.CANCEL_ALL, {}, "kfj2a5squ5l0u9sp4rbmanuztfa68pyr"),
    ],
)
def test_the_outboxs_ids_never_change(
    session: Session, action: Action, fields: dict[str, object], recorded: str
) -> None:
    """Recorded once: another id would be a second message for what was sent before an update."""
    assert row(session, action, **fields).client_order_id == recorded
