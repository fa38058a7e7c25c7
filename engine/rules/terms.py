"""The fixed words of a rule file: what kind of order, what a level is counted from; numbers are the plan's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from engine.market import Timeframe
from engine.rules.exits_model import Level
from engine.rules.log_text import segments
from engine.rules.model import RuleFile, Side
from engine.rules.order_model import Order

OrderType = Literal["market", "limit", "stop"]
SizeKind = Literal["percent", "fixed", "notional", "risk_percent"]
_Field = TypeVar("_Field")


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """`kind`: percent, ticks, distance or price; `counted` from the signal or the entry; `every_bar`: set anew."""

    kind: str
    counted: str = "signal"
    every_bar: bool = False


@dataclass(frozen=True, slots=True)
class SideTerms:
    """How one side opens, and what ends its positions; of a ladder a level each, in the order of the file."""

    order_type: OrderType
    size_kind: SizeKind
    oco: bool
    take_profit: tuple[LevelTerms, ...]
    stop_loss: tuple[LevelTerms, ...]
    trailing: LevelTerms | None
    trailing_start: LevelTerms | None
    break_even: LevelTerms | None


@dataclass(frozen=True, slots=True)
class Terms:
    """A rule's sides, None for one that it does not trade, and what holds for both.

    `cooldown_after` is None without a cooldown. `log` holds texts, and K where the value of `log.K` stands; () without.
    """

    long: SideTerms | None
    short: SideTerms | None
    pyramiding: int
    cooldown_after: str | None
    watch: Timeframe | None
    delay_filter: str | None
    log: tuple[str | int, ...]


def terms_of(file: RuleFile) -> Terms:
    """Give the terms of a rule file that was found good."""
    return Terms(
        long=None if file.long is None else _side(file, file.long),
        short=None if file.short is None else _side(file, file.short),
        pyramiding=file.pyramiding,
        cooldown_after=None if file.cooldown is None else file.cooldown.after,
        watch=None if file.watch is None else Timeframe.parse(file.watch),
        delay_filter=file.delay_filter,
        log=() if file.log is None else segments(file.log),
    )


def _side(file: RuleFile, side: Side) -> SideTerms:
    orders = [order for order in (side.order, file.order) if order is not None]
    trailing, break_even = _either(side.trailing, file.trailing), _either(side.break_even, file.break_even)
    size = next(order.size for order in orders if order.size is not None)
    return SideTerms(
        order_type=_nearest(orders, "type").type,
        size_kind=size.kind,
        oco=_nearest(orders, "oco").oco,
        take_profit=_levels(side.take_profit if side.take_profit is not None else file.take_profit),
        stop_loss=_levels(side.stop_loss if side.stop_loss is not None else file.stop_loss),
        trailing=None if trailing is None else LevelTerms(trailing.kind),
        trailing_start=None if trailing is None or trailing.start is None else LevelTerms(trailing.start.kind, "entry"),
        break_even=None if break_even is None else LevelTerms(break_even.after.kind, "entry"),
    )


def _either(own: _Field | None, common: _Field | None) -> _Field | None:
    return own if own is not None else common


def _nearest(orders: list[Order], key: str) -> Order:
    """Give the order whose key holds: the first that has it; one with its default where none has."""
    return next((order for order in orders if key in order.model_fields_set), Order())


def _levels(levels: Level | list[Level] | None) -> tuple[LevelTerms, ...]:
    listed = levels if isinstance(levels, list) else [] if levels is None else [levels]
    return tuple(LevelTerms(level.kind, level.counted, level.every_bar) for level in listed)
