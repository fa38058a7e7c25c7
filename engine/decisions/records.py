"""The machine's records: its state, the fills it believes in, the decisions it takes. Plain fields, fixed size."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Move(IntEnum):
    """What a decision or a fill does to the position. NONE: an entry that was refused, kept so that it is seen."""

    NONE = 0
    OPEN_LONG = 1
    CLOSE_LONG = 2
    OPEN_SHORT = 3
    CLOSE_SHORT = 4

    @property
    def opens(self) -> bool:
        """Whether it opens a position."""
        return self in (Move.OPEN_LONG, Move.OPEN_SHORT)


class Reason(IntEnum):
    """Why."""

    ENTER = 1
    EXIT = 2
    REVERSE = 3
    TAKE_PROFIT = 4
    STOP_LOSS = 5
    NO_LEVEL = 6  # refused: a take-profit or stop-loss is unknown, or on the wrong side of the close
    NO_SIZE = 7  # refused: the size is unknown, out of range, rounds to nothing, or is not affordable

    @property
    def words(self) -> str:
        """Give the reason as people read it."""
        return _WORDS[self]


_WORDS = {
    Reason.ENTER: "enter",
    Reason.EXIT: "exit",
    Reason.REVERSE: "reverse",
    Reason.TAKE_PROFIT: "take-profit",
    Reason.STOP_LOSS: "stop-loss",
    Reason.NO_LEVEL: "refused: no valid take-profit or stop-loss",
    Reason.NO_SIZE: "refused: no valid size",
}

# Times are bar open times in ms UTC; prices, amounts and money are in the market's own units.
STATE = np.dtype(
    [
        ("cash", "f8"),  # realised equity
        ("side", "i8"),  # 1 long, -1 short, 0 flat
        ("quantity", "f8"),
        ("entry_price", "f8"),
        ("entry_time", "i8"),
        ("entry_decided", "i8"),  # the bar on which the entry was decided
        ("take_profit", "f8"),  # na without one
        ("stop_loss", "f8"),
        ("closing", "i8"),  # the Reason of a close that fills at the next open, or 0
        ("opening", "i8"),  # the side of an entry that fills at the next open, or 0
        ("opening_decided", "i8"),
        ("opening_quantity", "f8"),
        ("opening_take_profit", "f8"),
        ("opening_stop_loss", "f8"),
    ]
)

FILL = np.dtype(
    [
        ("time", "i8"),  # of the candle in which it filled
        ("row", "i8"),  # the index of the rule's own bar
        ("move", "i8"),
        ("reason", "i8"),
        ("price", "f8"),
        ("quantity", "f8"),
        ("fee", "f8"),
        ("profit", "f8"),  # of a close: price difference times quantity, before fees
        ("decided", "i8"),  # of the bar that decided it
    ]
)

DECISION = np.dtype(
    [
        ("time", "i8"),
        ("move", "i8"),
        ("reason", "i8"),
        ("close", "f8"),
        ("size", "f8"),  # percent, or an amount rounded down to the lot; na for a close
        ("take_profit", "f8"),
        ("stop_loss", "f8"),
    ]
)
