"""Which kind of market a rule trades on."""

from enum import StrEnum


class MarketKind(StrEnum):
    """USD-M futures (long and short) or spot (buy and sell)."""

    FUTURES = "futures"
    SPOT = "spot"
