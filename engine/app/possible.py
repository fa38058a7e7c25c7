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
from engine.rules.terms import LevelTerms, SideTerms
from engine.webhook import Action

_TRIED = 1500  # candles of the sample market
_ACTIONS = {
    (MarketKind.FUTURES, "long"): (Action.OPEN_LONG, Action.CLOSE_LONG),
    (MarketKind.FUTURES, "short"): (Action.OPEN_SHORT, Action.CLOSE_SHORT),
    (MarketKind.SPOT, "long"): (Action.BUY, Action.SELL),
}
_ENGINE_CLOSES = frozenset({"trailing", "break_even", "max_bars", "flat_at", "limits"})
_DELAYS = {"delaySeconds": "delay_seconds", "delaySecondsFilter": "delay_filter"}


@dataclass(frozen=True, slots=True)
class Possible:
    """A message that a rule can send: its action, and what it says besides the log and the id that every one has."""

    action: str
    fields: tuple[str, ...]


def possible_messages(rule: Rule) -> list[Possible]:
    """Give the messages that a rule can send."""
    found: list[Possible] = []
    for side, terms in (("long", rule.terms.long), ("short", rule.terms.short)):
        if terms is not None:
            found += _of_side(rule, side, terms)
    return found


def example_of(rule: Rule) -> str | None:
    """Give the JSON line of the first order that a backtest on the sample market opens; None where it opens none.

    The sample's hours stand for candles of the rule's timeframe: only their times differ.
    """
    symbol = SAMPLE_SYMBOLS[rule.market]
    try:
        plan = rule.plan(symbol=symbol)
        named = {symbol, *(feed.symbol for feed in plan.fetched if feed.symbol)}
        made = {name: _sample(name, rule.timeframe, plan.warmup + _TRIED) for name in named}
        bars = made.pop(symbol)
        result = backtest(rule, bars, sample_instrument(symbol), others=made)
    except InvalidInputError:
        return None
    for decision in result.decisions:
        message = result.message(decision) if decision.move.opens else None
        if message is not None:
            body = {"connectorName": "YOUR_CONNECTOR", "connectorToken": TOKEN_PLACE, **message.body()}
            return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return None


def _of_side(rule: Rule, side: str, terms: SideTerms) -> Iterator[Possible]:
    opening, closing = _ACTIONS[rule.market, side]
    limit = terms.order_type == "limit"
    levels = [(word, level) for word, level in (("profit", terms.take_profit), ("loss", terms.stop_loss)) if level]
    sent = [word for word, level in levels if rule.market is MarketKind.FUTURES and _travels(level)]
    delay = [word for word in _DELAYS if _DELAYS[word] in rule.file.model_fields_set]
    yield Possible(str(opening), (_size(_order(rule, side).get("size")), *(["limit"] if limit else []), *sent, *delay))
    reverses = rule.terms.long is not None and rule.terms.short is not None
    there = rule.file.model_fields_set | getattr(rule.file, side).model_fields_set
    if "exit" in there or reverses or there & _ENGINE_CLOSES or len(sent) < len(levels):
        parts = any(f"{side}.{what}.0.close_percent" in rule.outputs for what in ("take_profit", "stop_loss"))
        yield Possible(str(closing), ("percent 100, or the share of a level" if parts else "percent 100", *delay))
    if limit:  # at the least a newer signal takes its place
        yield Possible(str(Action.CANCEL), ())


def _order(rule: Rule, side: str) -> dict[str, object]:
    """Give the keys of `order` that are written at the top, each replaced by what stands at the side."""
    found: dict[str, object] = {}
    for order in (rule.file.order, getattr(rule.file, side).order):
        if order is not None:
            found |= {key: getattr(order, key) for key in order.model_fields_set}
    return found


def _travels(levels: tuple[LevelTerms, ...]) -> bool:
    """Tell whether it is one price, known when the order is sent, so that the platform holds it."""
    return len(levels) == 1 and levels[0].counted == "signal" and not levels[0].every_bar


def _size(size: object) -> str:
    """Write a size as the message has it."""
    if not isinstance(size, BaseModel):
        return "percent"
    kind = next(iter(size.model_fields_set))
    value = getattr(size, kind)
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    if kind in ("percent", "fixed"):
        return f"{kind} {text}" if isinstance(value, int | float) else f"{kind} of {text}"
    return f"fixed, worth {text}" if kind == "notional" else f"fixed, at a risk of {text} %"


def _sample(symbol: str, timeframe: Timeframe, count: int) -> Bars:
    bars = sample_bars(symbol, Timeframe(1, "h"), SAMPLE_START_MS, count)
    start = timeframe.floor(SAMPLE_START_MS)
    time = np.array([timeframe.shift(start, i) for i in range(len(bars))], dtype=np.int64)
    return Bars(timeframe, time, *bars.columns())
