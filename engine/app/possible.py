"""Which messages a rule can send, derived from its file; and one that it did send on the sample market."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from engine.app.candles import SAMPLE_SYMBOLS
from engine.app.messages import TOKEN_PLACE
from engine.backtest import backtest
from engine.errors import InvalidInputError
from engine.market import Bars, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Rule
from engine.webhook import Action

_TRIED = 1500  # candles of the sample market
_ACTIONS = {
    (MarketKind.FUTURES, "long"): (Action.OPEN_LONG, Action.CLOSE_LONG),
    (MarketKind.FUTURES, "short"): (Action.OPEN_SHORT, Action.CLOSE_SHORT),
    (MarketKind.SPOT, "long"): (Action.BUY, Action.SELL),
}
_ENGINE_CLOSES = frozenset({"trailing", "break_even", "max_bars", "flat_at", "limits"})
_WITHDRAWS = frozenset({"cancel", "expire_bars"})


@dataclass(frozen=True, slots=True)
class Possible:
    """A message that a rule can send: its action, and what it says besides the log and the id that every one has."""

    action: str
    fields: tuple[str, ...]


def possible_messages(rule: Rule) -> list[Possible]:
    """Give the messages that a rule can send."""
    found: list[Possible] = []
    for side in ("long", "short"):
        if getattr(rule.file, side) is not None:
            found += _of_side(rule, side)
    return found


def example_of(rule: Rule) -> str | None:
    """Give the JSON line of the first order that a backtest on the sample market opens; None where it opens none.

    The sample's hours stand for candles of the rule's timeframe: only their times differ.
    """
    symbol = SAMPLE_SYMBOLS[rule.market]
    try:
        bars = _as(rule.timeframe, sample_bars(symbol, Timeframe(1, "h"), SAMPLE_START_MS, rule.plan().warmup + _TRIED))
        result = backtest(rule, bars, sample_instrument(symbol))
    except InvalidInputError:
        return None
    for decision in result.decisions:
        message = result.author.message(decision) if decision.move.opens else None
        if message is not None:
            body = {"connectorName": "YOUR_CONNECTOR", "connectorToken": TOKEN_PLACE, **message.body()}
            return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return None


def _of_side(rule: Rule, side: str) -> Iterator[Possible]:
    opening, closing = _ACTIONS[rule.market, side]
    order = _keys(rule, side, "order")
    waits = getattr(order.get("type"), "value", order.get("type")) == "limit"
    levels = [
        (word, level)
        for name, word in (("take_profit", "profit"), ("stop_loss", "loss"))
        if (level := _either(rule, side, name)) is not None
    ]
    sent = [word for word, level in levels if rule.market is MarketKind.FUTURES and _travels(level)]
    delay = ["delaySeconds"] if "delay_seconds" in rule.file.model_fields_set else []
    yield Possible(str(opening), (_size(order.get("size")), *(["limit"] if waits else []), *sent, *delay))
    other = rule.file.short if side == "long" else rule.file.long
    there = rule.file.model_fields_set | getattr(rule.file, side).model_fields_set
    if "exit" in there or other is not None or there & _ENGINE_CLOSES or len(sent) < len(levels):
        parts = any(isinstance(level, list | tuple) for _, level in levels)
        yield Possible(str(closing), ("percent 100, or its share" if parts else "percent 100", *delay))
    if waits and (order.keys() & _WITHDRAWS or other is not None):
        yield Possible(str(Action.CANCEL), ())


def _either(rule: Rule, side: str, name: str) -> object:
    """Give what stands at a side, or else at the top."""
    own = getattr(getattr(rule.file, side), name, None)
    return own if own is not None else getattr(rule.file, name, None)


def _keys(rule: Rule, side: str, name: str) -> dict[str, object]:
    """Give the keys of a mapping that are written at the top, each replaced by what stands at the side."""
    found: dict[str, object] = {}
    for holder in (getattr(rule.file, name, None), getattr(getattr(rule.file, side), name, None)):
        if isinstance(holder, BaseModel):
            found |= {key: getattr(holder, key) for key in holder.model_fields_set}
    return found


def _travels(level: object) -> bool:
    """Tell whether a level is one price, known when the order is sent, so that the platform holds it."""
    return isinstance(level, BaseModel) and getattr(level, "counted", "signal") == "signal"


def _size(size: object) -> str:
    """Write a size as the message has it."""
    if not isinstance(size, BaseModel):
        return "percent"
    kind = next(iter(size.model_fields_set))
    value = getattr(size, kind)
    text = f"{value:g}" if isinstance(value, int | float) else f"of {value}"
    if kind in ("percent", "fixed"):
        return f"{kind} {text}"
    return f"fixed, worth {text}" if kind == "notional" else f"fixed, at a risk of {text} %"


def _as(timeframe: Timeframe, bars: Bars) -> Bars:
    start = timeframe.floor(SAMPLE_START_MS)
    time = np.array([timeframe.shift(start, i) for i in range(len(bars))], dtype=np.int64)
    return Bars(timeframe, time, *bars.columns())
