"""What may be sent, what may be sent again, and what must never be. A pure state machine."""

from engine.delivery.command import Carried, Change, Command, Refused, Word, carry_out
from engine.delivery.intent import Intent, intent_of
from engine.delivery.outcome import Exchange, Outcome, Phase, classify
from engine.delivery.policy import Expire, Send, Step, Wait, after, choose, ended, found_sending, holds_back
from engine.delivery.row import Row, RowState
from engine.delivery.success import Success
from engine.delivery.terms import Terms

__all__ = [
    "Carried",
    "Change",
    "Command",
    "Exchange",
    "Expire",
    "Intent",
    "Outcome",
    "Phase",
    "Refused",
    "Row",
    "RowState",
    "Send",
    "Step",
    "Success",
    "Terms",
    "Wait",
    "Word",
    "after",
    "carry_out",
    "choose",
    "classify",
    "ended",
    "found_sending",
    "holds_back",
    "intent_of",
]
