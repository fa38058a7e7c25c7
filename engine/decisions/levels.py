"""The levels at which a position will be left, as they are decided with its entry, and set anew at each close."""

from __future__ import annotations

import numpy as np

from engine.decisions.account import away, on_tick, sweep_exits
from engine.decisions.compiled import part, step
from engine.decisions.fields import BREAK_EVEN, STOP_LOSS, TAKE_PROFIT, TRAILING, TRAILING_START
from engine.decisions.inputs import Numbers
from engine.decisions.numbers import number, side_field
from engine.decisions.reach import NOISE
from engine.decisions.records import MOST_EXITS, OrderType, Reason
from engine.decisions.settings import EVERY_BAR, FROM_ENTRY, MOST_RUNGS, LevelKind, Record
from engine.decisions.state import State

_MARKET = int(OrderType.MARKET)
_TAKE_PROFIT, _STOP_LOSS = int(Reason.TAKE_PROFIT), int(Reason.STOP_LOSS)
_TRAILING, _BREAK_EVEN = int(Reason.TRAILING), int(Reason.BREAK_EVEN)
_PERCENT, _TICKS, _DISTANCE, _PRICE = (int(kind) for kind in LevelKind if kind is not LevelKind.NONE)
_KIND = FROM_ENTRY - 1


@step
def _add_exit(
    state: State, decided: int, side: int, reason: int, rung: int, sent: bool, share: float, price: float,
    offset: float, unit: int,
) -> None:  # fmt: skip
    p = state.position[0]
    if p.exits >= MOST_EXITS:
        return
    one = state.exits[p.exits]
    p.exits += 1
    one.decided, one.side, one.reason, one.rung = decided, side, reason, rung
    one.sent, one.live, one.done = 1 if sent else 0, 0, 0
    one.price, one.start, one.offset, one.start_offset = price, np.nan, offset, np.nan
    one.unit, one.start_unit = unit, 0
    one.share, one.initial, one.held = share, 0.0, 0.0


@step
def _offset(settings: Record, kind: int, value: float) -> tuple[float, int]:
    """Give a distance and its unit: 1 for percent, 0 for price."""
    if kind == _PERCENT:
        return value, 1
    return (value * settings.tick if kind == _TICKS else value), 0


@step
def _level(settings: Record, kind: int, value: float, base: float, direction: int) -> float:
    """Give the price that a level stands for, counted from `base`."""
    if kind == _PRICE:
        return value
    if kind == _PERCENT:
        return base * (1.0 + direction * (value / 100.0))
    return base + direction * (value * settings.tick if kind == _TICKS else value)


@part
def place_levels(
    state: State, settings: Record, own: Record, numbers: Numbers, row: int, side: int, decided: int, base: float,
    close: float,
) -> tuple[bool, float, float, float]:  # fmt: skip
    """Make the exit orders of an entry that is decided now, for when it has filled.

    Gives whether all levels are valid (known, above 0, on their side of `base`), the first take-profit and stop-loss
    that are prices already (na for others), and the price at which the first stop-loss is expected.
    """
    p = state.position[0]
    noise = settings.tick * NOISE
    good, first_profit, first_loss, risk_at = True, np.nan, np.nan, np.nan
    for losing in range(2):
        levels = own.stop_losses if losing else own.take_profits
        reason, first = (_STOP_LOSS, STOP_LOSS) if losing else (_TAKE_PROFIT, TAKE_PROFIT)
        direction = -side if losing else side
        sent = own.loss_sent if losing else own.profit_sent
        for rung in range(MOST_RUNGS):
            kind = levels[rung] & _KIND
            if kind == 0:
                break
            if levels[rung] & EVERY_BAR:
                continue
            value, share = number(numbers, side_field(side, first + rung), row, p, close), 100.0
            if levels[1] != 0:
                share = _share(number(numbers, side_field(side, first + MOST_RUNGS + rung), row, p, close))
            if levels[rung] & FROM_ENTRY:
                good = good and value > 0.0
                offset, unit = _offset(settings, kind, value)
                _add_exit(state, decided, side, reason, rung, sent, share, np.nan, offset, unit)
                if rung == 0 and losing:
                    risk_at = away(base, -side, offset, unit)
                continue
            level = on_tick(_level(settings, kind, value, base, direction), settings, reason, side)
            good = good and (level - base) * direction > noise and level > noise
            if settings.tradingview == 0 or level > noise:
                _add_exit(state, decided, side, reason, rung, sent, share, level, np.nan, 0)
            if rung == 0 and losing:
                first_loss = risk_at = level
            elif rung == 0:
                first_profit = level
    if own.trailing or own.break_even:
        good = _place_stops(state, settings, own, numbers, row, side, decided, close) and good
    return good, first_profit, first_loss, risk_at


@step
def _place_stops(
    state: State, settings: Record, own: Record, numbers: Numbers, row: int, side: int, decided: int, close: float
) -> bool:
    """Make the stops of an entry that move, trailing and break-even; tell whether they are valid."""
    p, good = state.position[0], True
    if own.trailing:
        value = number(numbers, side_field(side, TRAILING), row, p, close)
        good = good and value > 0.0
        offset, unit = _offset(settings, own.trailing & _KIND, value)
        _add_exit(state, decided, side, _TRAILING, 0, own.stops_sent, 100.0, np.nan, offset, unit)
        if own.trailing_start:
            value = number(numbers, side_field(side, TRAILING_START), row, p, close)
            good = good and value > 0.0
            _start(state, settings, own.trailing_start & _KIND, value)
    if own.break_even:
        value = number(numbers, side_field(side, BREAK_EVEN), row, p, close)
        good = good and value > 0.0
        _add_exit(state, decided, side, _BREAK_EVEN, 0, own.stops_sent, 100.0, np.nan, np.nan, 0)
        _start(state, settings, own.break_even & _KIND, value)
    return bool(good)


@step
def _start(state: State, settings: Record, kind: int, value: float) -> None:
    """Let the newest exit order begin only at a price."""
    one = state.exits[state.position[0].exits - 1]
    if kind == _PRICE:
        one.start = value
    else:
        one.start_offset, one.start_unit = _offset(settings, kind, value)


@step
def renew_levels(state: State, settings: Record, own: Record, numbers: Numbers, row: int, close: float) -> None:
    """Set the levels that are set anew at each close, for every open entry; they hold from the next candle on.

    In TradingView, they hold for an entry at the market too that is decided now and adds to the position.
    """
    p = state.position[0]
    side = p.side
    added = state.orders[0 if side > 0 else 1]
    for k in range(p.exits):
        one = state.exits[k]
        if one.live != 0 and one.reason in (_TAKE_PROFIT, _STOP_LOSS):
            levels = own.stop_losses if one.reason == _STOP_LOSS else own.take_profits
            one.done = 1 if levels[one.rung] & EVERY_BAR else one.done
    sweep_exits(state)
    for losing in range(2):
        levels = own.stop_losses if losing else own.take_profits
        reason, first = (_STOP_LOSS, STOP_LOSS) if losing else (_TAKE_PROFIT, TAKE_PROFIT)
        sent = own.loss_sent if losing else own.profit_sent
        for rung in range(MOST_RUNGS):
            if not levels[rung] & EVERY_BAR:
                continue
            value = number(numbers, side_field(side, first + rung), row, p, close)
            share = _share(number(numbers, side_field(side, first + MOST_RUNGS + rung), row, p, close))
            base = p.entry_price if levels[rung] & FROM_ENTRY else close
            level = _level(settings, levels[rung] & _KIND, value, base, -side if losing else side)
            level = on_tick(level, settings, reason, side)
            if not level > 0.0:
                continue
            for e in range(p.bindings if settings.tradingview == 1 else p.entries):
                if settings.tradingview == 1:
                    bound = state.bindings[e]
                    decided, initial, held = bound.decided, bound.initial, bound.initial
                else:
                    entry = state.entries[e]
                    decided, initial, held = entry.decided, entry.initial, entry.quantity
                _add_exit(state, decided, side, reason, rung, sent, share, level, np.nan, 0)
                one = state.exits[p.exits - 1]
                one.live, one.initial, one.held = 1, initial, held
            if settings.tradingview == 1 and added.type == _MARKET:
                _add_exit(state, added.decided, side, reason, rung, sent, share, level, np.nan, 0)


@step
def _share(given: float) -> float:
    """Give the percent of an entry that a level closes: all of it where the rule does not say."""
    return 100.0 if np.isnan(given) else given
