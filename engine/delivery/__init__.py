"""What may be sent, what may be sent again, and what must never be. A pure state machine."""

from engine.delivery.outcome import Exchange, Outcome, Phase, classify
from engine.delivery.policy import Expire, Send, Step, Wait, after, choose, found_sending
from engine.delivery.row import Intent, Row, RowState

__all__ = [
    "Exchange",
    "Expire",
    "Intent",
    "Outcome",
    "Phase",
    "Row",
    "RowState",
    "Send",
    "Step",
    "Wait",
    "after",
    "choose",
    "classify",
    "found_sending",
]
