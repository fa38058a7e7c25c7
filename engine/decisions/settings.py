"""What the machine is told once: plain numbers, so that the compiled step is one for all rules."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_RUNGS = 8
"""Levels of one ladder."""


class SizeKind(IntEnum):
    """What an order's size is counted in."""

    PERCENT = 0  # of the equity
    FIXED = 1  # an amount
    NOTIONAL = 2  # money
    RISK = 3  # percent of the equity that is lost at the stop-loss


class LevelKind(IntEnum):
    """What a level is counted in. NONE: there is none."""

    NONE = 0
    PERCENT = 1
    TICKS = 2
    DISTANCE = 3
    PRICE = 4


class Path(IntEnum):
    """Which way prices went inside a candle."""

    TRADINGVIEW = 0  # open, the nearer of high and low, the other, close
    BEST = 1  # for the position: the favourable extreme first
    WORST = 2


FROM_ENTRY, EVERY_BAR = 8, 16
"""Beside a LevelKind: counted from the fill instead of the signal; set anew at each close."""


class SideSettings(NamedTuple):
    """How positions of one side are opened and left. A level is a LevelKind, with FROM_ENTRY and EVERY_BAR added."""

    order_type: int = 1
    size_kind: int = 0
    oco: bool = False
    entry_sent: bool = True  # the platform holds waiting entries; else the engine watches them
    profit_sent: bool = True  # the platform holds the take-profit; likewise the stop-loss
    loss_sent: bool = True
    stops_sent: bool = False  # trailing and break-even
    trailing: int = 0
    trailing_start: int = 0
    break_even: int = 0
    limited_bars: bool = False  # there is a `max_bars`
    take_profits: tuple[int, ...] = ()
    stop_losses: tuple[int, ...] = ()

    @property
    def renews(self) -> bool:
        """Whether some level is set anew at each close."""
        return any(level & EVERY_BAR for level in (*self.take_profits, *self.stop_losses))


class Settings(NamedTuple):
    """How orders are sized, held and filled."""

    tick: float = 0.0  # price step; 0 does not round
    lot: float = 0.0  # amount step; 0 does not round
    taker: float = 0.0  # commission: share of the traded value of market and stop fills
    maker: float = 0.0  # of limit fills
    per_contract: float = 0.0  # money for each unit that is traded
    per_order: float = 0.0  # money for each order that fills
    slippage: float = 0.0  # price distance that market and stop fills are worse by
    slippage_share: float = 0.0  # the same, as a share of the price
    latency: int = 0  # candles that an order needs beyond the next open
    may_borrow: bool = True  # futures: an order may be worth more than the equity
    leverage: float = 0.0  # an order may be worth at most so many times the equity; 0: any
    maintenance: float = 0.0  # share of the position's value below which equity is liquidated; 0: never
    margin_long: float = 0.0  # TradingView's: share of the position's value that equity must cover; 0: none
    margin_short: float = 0.0
    tradingview: bool = False  # the Strategy Tester's emulator: the exchange holds every order
    closes_own: bool = False  # its `close_entries_rule="ANY"`: an exit closes the entry that it names, not the oldest
    at_close: bool = False  # its `process_orders_on_close`: what is decided at a close is tried at it
    path: int = 0
    pyramiding: int = 1
    cooldown: int = 0  # after which exits: 0 none, 1 any, 2 a loss, 3 a stop
    day_loss: bool = False
    drawdown: bool = False
    long: SideSettings = SideSettings()
    short: SideSettings = SideSettings()


def _plain_fields(kind: type[SideSettings] | type[Settings]) -> list[tuple[str, str]]:
    defaults = kind._field_defaults.items()
    return [(name, "f8" if isinstance(v, float) else "i8") for name, v in defaults if not isinstance(v, tuple)]


SIDE = np.dtype(
    [
        *_plain_fields(SideSettings),
        ("renews", "i8"),
        ("take_profits", "i8", (MOST_RUNGS,)),  # 0 behind the last
        ("stop_losses", "i8", (MOST_RUNGS,)),
    ]
)
PACKED = np.dtype(
    [
        *_plain_fields(Settings),
        ("ticks_in_one", "f8"),  # 0 where a tick is not one of so many equal parts of 1, or there is none
        ("lots_in_one", "f8"),
        ("moves_stops", "i8"),  # 1: a side has a stop that moves inside a candle, trailing or break-even
        ("margins", "i8"),  # 1: TradingView's margin is asked for
        ("sides", SIDE, (2,)),  # long, short
    ]
)
Record = Any
"""A record inside of compiled functions: of PACKED, of SIDE, or of those in records.py. Passed as one pointer."""


@lru_cache(maxsize=1024)
def packed(settings: Settings) -> NDArray[np.void]:
    """Give settings as compiled functions take them: a record of PACKED."""
    one = np.zeros(1, dtype=PACKED)
    for name, _ in _plain_fields(Settings):
        one[name] = getattr(settings, name)
    one["ticks_in_one"], one["lots_in_one"] = _in_one(settings.tick), _in_one(settings.lot)
    one["moves_stops"] = any(side.trailing or side.break_even for side in (settings.long, settings.short))
    one["margins"] = settings.margin_long > 0.0 or settings.margin_short > 0.0
    for i, side in enumerate((settings.long, settings.short)):
        for name in SIDE.names or ():
            value = getattr(side, name)
            one["sides"][name][0, i] = [*value, *[0] * (MOST_RUNGS - len(value))] if isinstance(value, tuple) else value
    return one


def _in_one(step: float) -> float:
    """Give how many steps make 1, where that is a whole number; else 0."""
    count = round(1.0 / step) if step > 0.0 else 0
    return float(count) if abs(count * step - 1.0) < 1e-9 else 0.0
