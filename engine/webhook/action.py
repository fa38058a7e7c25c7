"""What a message asks for, by the page's own words."""

from __future__ import annotations

from enum import StrEnum

from engine.market import MarketKind


class Action(StrEnum):
    """The actions of the platform's table.

    The table spells the last one `cancellAll`; the platform's published templates test for `cancelAll` and
    `cancel_all`, so `cancelAll` is what is sent and `Action.read` takes all three.
    """

    OPEN_LONG = "openLong"
    CLOSE_LONG = "closeLong"
    OPEN_SHORT = "openShort"
    CLOSE_SHORT = "closeShort"
    BUY = "buy"
    SELL = "sell"
    CANCEL = "cancel"
    CANCEL_ALL = "cancelAll"

    @classmethod
    def read(cls, text: str) -> Action:
        """Read an action in any of its spellings. Errors: ValueError that lists the actions."""
        if text in ("cancellAll", "cancel_all"):
            return cls.CANCEL_ALL
        if text not in set(cls):
            raise ValueError(f"'{text}' is no action; the actions are {', '.join(cls)}")
        return cls(text)

    @property
    def opens(self) -> bool:
        """Whether it opens or adds to a position."""
        return self in (Action.OPEN_LONG, Action.OPEN_SHORT, Action.BUY)

    @property
    def cancels(self) -> bool:
        """Whether it withdraws orders instead of placing one."""
        return self in (Action.CANCEL, Action.CANCEL_ALL)

    @property
    def market(self) -> MarketKind | None:
        """The only market it exists on; None where it exists on both."""
        if self.cancels:
            return None
        return MarketKind.SPOT if self in (Action.BUY, Action.SELL) else MarketKind.FUTURES
