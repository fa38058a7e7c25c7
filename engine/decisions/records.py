"""The machine's records: what it remembers, the fills it believes in, the decisions it takes. Plain fields, fixed size.

Times are bar open times in ms UTC; prices, amounts and money are in the market's own units; na stands for "none".
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

MOST_ENTRIES = 32
"""How many entries may add up to a position."""
MOST_EXITS = 64
"""How many orders may wait to close it, those of a waiting entry included."""


class Move(IntEnum):
    """What a decision or a fill does to the position. NONE: an entry that was refused, kept so that it is seen."""

    NONE = 0
    OPEN_LONG = 1
    CLOSE_LONG = 2
    OPEN_SHORT = 3
    CLOSE_SHORT = 4
    CANCEL = 5  # a waiting entry is withdrawn

    @property
    def opens(self) -> bool:
        """Whether it opens a position, or adds to one."""
        return self in (Move.OPEN_LONG, Move.OPEN_SHORT)

    @property
    def closes(self) -> bool:
        """Whether it closes a position, or a part of one."""
        return self in (Move.CLOSE_LONG, Move.CLOSE_SHORT)


class Reason(IntEnum):
    """Why."""

    ENTER = 1
    EXIT = 2
    REVERSE = 3
    TAKE_PROFIT = 4
    STOP_LOSS = 5
    NO_LEVEL = 6  # refused: a take-profit or stop-loss is unknown, or on the wrong side of the price
    NO_SIZE = 7  # refused: the size is unknown, out of range, rounds to nothing, or is not affordable
    TRAILING = 8
    BREAK_EVEN = 9
    MAX_BARS = 10
    FLAT_AT = 11
    DAY_LOSS = 12
    DRAWDOWN = 13
    CANCEL = 14  # the rule's `cancel` was true
    EXPIRED = 15  # waited for as many bars as it may
    REPLACED = 16  # a newer entry takes its place
    OCO = 17  # the other side's entry has filled
    NO_PRICE = 18  # refused: the price of a limit or stop order is unknown, or not above 0
    MARGIN_CALL = 19
    LIQUIDATION = 20

    @property
    def words(self) -> str:
        """Give the reason as people read it."""
        return _WORDS.get(self) or self.name.lower().replace("_", "-")

    @property
    def stops(self) -> bool:
        """Whether a position was left at a stop of its own."""
        return self in (Reason.STOP_LOSS, Reason.TRAILING, Reason.BREAK_EVEN)


_WORDS = {
    Reason.NO_LEVEL: "refused: no valid take-profit or stop-loss",
    Reason.NO_SIZE: "refused: no valid size",
    Reason.NO_PRICE: "refused: no valid price",
    Reason.CANCEL: "cancelled",
    Reason.DAY_LOSS: "loss limit of the day",
    Reason.DRAWDOWN: "drawdown limit",
    Reason.REPLACED: "replaced by a newer entry",
    Reason.OCO: "the other side has filled",
    Reason.MARGIN_CALL: "margin call",
}


class OrderType(IntEnum):
    """How an entry waits. NONE: there is none."""

    NONE = 0
    MARKET = 1
    LIMIT = 2
    STOP = 3


class Halt(IntEnum):
    """Whether the rule stands aside, by its `limits`."""

    NONE = 0
    TODAY = 1
    FOR_GOOD = 2


POSITION = np.dtype(
    [
        ("cash", "f8"),  # realised equity
        ("side", "i8"),  # 1 long, -1 short, 0 flat
        ("quantity", "f8"),
        ("entry_price", "f8"),  # average of the open entries; 0 when flat
        ("entries", "i8"),  # how many ENTRY records are in use, oldest first
        ("bindings", "i8"),  # how many BINDING records are in use, oldest first
        ("exits", "i8"),  # how many EXIT records are in use
        ("bars", "i8"),  # of the rule, since that of the first entry; -1 until that closes, and when flat
        ("bars_since_exit", "i8"),  # since the position was closed last; -2 before that
        ("cash_before", "f8"),  # what `cash` was before the first entry
        ("closing", "i8"),  # the Reason of a close that waits to fill at an open, or 0
        ("closing_quantity", "f8"),  # how much of the position it is for; na for all
        ("closing_wait", "i8"),  # candles that it waits beyond the next one
        ("cooling", "i8"),  # closes at which no entry may be decided yet
        ("halt", "i8"),  # a Halt
        ("day", "i8"),  # number of the UTC day that `day_equity` belongs to
        ("day_equity", "f8"),  # equity when it began
        ("peak", "f8"),  # highest equity at a close
        ("equity", "f8"),  # at the last close
        ("marked", "f8"),  # the last close
        ("call", "f8"),  # TradingView: what the margin call has still to liquidate at the next point of the bar's path
    ]
)

ORDER = np.dtype(
    [
        ("type", "i8"),  # an OrderType
        ("decided", "i8"),  # the bar on which the entry was decided, of a finer candle 1 ms more: its name
        ("sent", "i8"),  # 1: the platform holds it; 0: the engine watches it
        ("oco", "i8"),  # 1: its fill withdraws the other side's waiting entry
        ("price", "f8"),  # of a limit or stop order
        ("size", "f8"),  # as the rule states it, for the message
        ("quantity", "f8"),  # na until it is known
        ("budget", "f8"),  # money that the quantity is bought for where it depends on the price of the fill, else na
        (
            "flip",
            "f8",
        ),  # TradingView: what the order was made to close of the other side, whatever is there when it fills
        ("expires", "i8"),  # closes that it is left, -1 for ever
        ("wait", "i8"),  # candles that it waits beyond the next one before it can fill
        ("triggered", "i8"),  # 1: the engine has seen its price, and opens at the close
    ]
)

ENTRY = np.dtype(
    [
        ("decided", "i8"),
        ("time", "i8"),  # when it filled
        ("price", "f8"),
        ("quantity", "f8"),  # what is still open of it, first in first out
        ("initial", "f8"),  # what it was for
        ("fee", "f8"),  # what its fill cost
    ]
)

BINDING = np.dtype(
    [
        ("decided", "i8"),  # names the entry
        ("quantity", "f8"),  # what of it neither its own exits nor anything else has closed
        ("initial", "f8"),
    ]
)

EXIT = np.dtype(
    [
        ("decided", "i8"),  # of the entry that it belongs to
        ("side", "i8"),  # of that entry
        ("reason", "i8"),  # TAKE_PROFIT, STOP_LOSS, TRAILING or BREAK_EVEN
        ("rung", "i8"),
        ("sent", "i8"),  # 1: the platform holds it, and it fills at its price; 0: the engine watches it
        (
            "live",
            "i8",
        ),  # 1: its entry has filled; 2, 3: TradingView locks it in (gaps.py), has withdrawn it (margin.py)
        ("price", "f8"),  # na while it has none yet
        ("start", "f8"),  # the price from which on a trailing or break-even stop has a price; na: from the fill on
        ("offset", "f8"),  # from the entry's price, or from the best price; in `unit`
        ("start_offset", "f8"),
        ("unit", "i8"),  # of `offset`: 0 price, 1 percent
        ("start_unit", "i8"),
        ("share", "f8"),  # percent of the entry that it closes
        ("initial", "f8"),  # what the entry was for, once it has filled
        ("held", "f8"),  # what the orders of this entry may still close, together
        ("done", "i8"),  # 1: it has been met
    ]
)

FILL = np.dtype(
    [
        ("time", "i8"),  # of the candle in which it filled; with `watch`, of the finer one
        ("row", "i8"),  # index of the rule's own bar
        ("move", "i8"),
        ("reason", "i8"),
        ("price", "f8"),
        ("quantity", "f8"),
        ("fee", "f8"),
        ("profit", "f8"),  # of a close: price difference times quantity, first in first out, before fees
        ("decided", "i8"),  # the bar on which it was decided; of an entry, its name
    ]
)

DECISION = np.dtype(
    [
        ("time", "i8"),  # of the bar at whose close it was decided; with `watch` it may be a finer one
        ("row", "i8"),  # index of the rule's own bar that it belongs to
        ("watched", "i8"),  # 1: decided at the close of a finer candle
        ("move", "i8"),
        ("reason", "i8"),
        ("close", "f8"),
        ("size", "f8"),  # percent or an amount, as the rule states sizes; of a close: percent of what is open
        ("price", "f8"),  # of a limit order
        ("take_profit", "f8"),
        ("stop_loss", "f8"),
        ("order", "i8"),  # of a cancellation: the bar on which the entry was decided
        ("side", "i8"),  # of the order
        ("held", "i8"),  # the position at this close, before anything was decided: its side
        ("entry_price", "f8"),
        ("bars", "i8"),
        ("bars_since_exit", "i8"),
    ]
)
