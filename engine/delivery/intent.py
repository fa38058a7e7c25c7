"""What a message does to the position."""

from __future__ import annotations

from enum import StrEnum

from engine.webhook import Action, Message

_WHOLE_PERCENT = 100


class Intent(StrEnum):
    """What a message does to the position: it decides what a missing answer allows."""

    OPEN = "open"
    CLOSE = "close"
    PARTIAL_CLOSE = "partial close"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel all"

    @property
    def at_most_once(self) -> bool:
        """Whether sending it twice could double or overshoot a position."""
        return self in (Intent.OPEN, Intent.PARTIAL_CLOSE)


def intent_of(message: Message) -> Intent:
    """Give the intent of a message. An increase is an open; a sale of a fixed amount, or of a part, a partial close."""
    if message.action is Action.CANCEL:
        return Intent.CANCEL
    if message.action is Action.CANCEL_ALL:
        return Intent.CANCEL_ALL
    if message.action.opens:
        return Intent.OPEN
    whole = message.fixed is None and message.percent in (None, _WHOLE_PERCENT)
    return Intent.CLOSE if whole else Intent.PARTIAL_CLOSE
