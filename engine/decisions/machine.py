"""The position machine: one compiled step per candle, the same for a backtest's loop and for a live candle.

What fills when is execution.md's table. `State` is all that the machine remembers; a step takes a candle through the
orders (path.py), then decides at its close (decide.py). Where nothing can happen for a while, the loop runs ahead.
"""

from __future__ import annotations

import numpy as np

from engine.decisions.compiled import machine, part
from engine.decisions.decide import decide, truths
from engine.decisions.inputs import Inputs, Numbers
from engine.decisions.margin import call_margin
from engine.decisions.path import drop_unaffordable, meet, meet_close
from engine.decisions.prefetch import AHEAD, LINE, prefetch
from engine.decisions.reach import NOISE
from engine.decisions.records import Halt, OrderType, Reason
from engine.decisions.seen import act_on_seen, check_limits
from engine.decisions.settings import Record, Settings, packed
from engine.decisions.state import Records, State
from engine.decisions.tape import Moment, Page, Tape, begin_page, keep_page
from engine.indicators import TRUE
from engine.market.bars import Column

_DAY_MS = 86_400_000
_NO_ORDER, _TODAY, _NOT_HALTED = int(OrderType.NONE), int(Halt.TODAY), int(Halt.NONE)
_TAKE_PROFIT, _STOP_LOSS = int(Reason.TAKE_PROFIT), int(Reason.STOP_LOSS)


def advance(state: State, settings: Settings, inputs: Inputs, start: int, stop: int, tape: Tape, equity: Column) -> int:
    """Step the candles from `start` to before `stop`.

    Appends fills and decisions to `tape`, and writes equity (cash and open position at the close) at the index of each
    of the rule's bars. Gives the candle to go on from: it stops early when the tape is full.
    """
    at: int = _advance(state.record, packed(settings), inputs, start, stop, tape, equity)
    return at


@machine
def _advance(states: Records, packs: Records, inputs: Inputs, start: int, stop: int, tape: Tape, equity: Column) -> int:
    state, settings, page, numbers = states[0], packs[0], tape.page[0], inputs.numbers
    p = state.position[0]
    times, opens, highs, lows, closes = inputs.time, inputs.open, inputs.high, inputs.low, inputs.close
    watched, funded = len(inputs.row) > 0, len(inputs.funding) > 0
    plain = not watched and not funded and _plain(settings, numbers)
    i = start
    while i < stop:
        if plain and p.cooling == 0 and state.orders[0].type == _NO_ORDER and state.orders[1].type == _NO_ORDER:
            before = i
            if p.side == 0 and p.closing == 0:
                i = _stand_aside(inputs, i, stop, p.cash, equity)
                p.bars_since_exit += i - before if p.bars_since_exit >= -1 else 0
            elif p.closing == 0 and p.entries == 1 and _holds(state, settings):
                i = _hold(state, settings, inputs, i, stop, equity)
                p.bars += i - before
                p.bars_since_exit += i - before if p.bars_since_exit >= -1 else 0
            if i >= stop:
                break
        if not begin_page(tape, page):
            break
        row = inputs.row[i] if watched else i
        ends = inputs.closes[i] if watched else True
        day = times[i] // _DAY_MS
        if p.day != day:
            p.day, p.day_equity = day, p.equity
            p.halt = _NOT_HALTED if p.halt == _TODAY else p.halt
        if funded and p.side != 0:
            p.cash -= p.side * p.quantity * opens[i] * inputs.funding[i]
        close = closes[i]
        seen = meet(state, settings, page, Moment(times[i], row), opens[i], highs[i], lows[i], close)
        if settings.tradingview == 1 and settings.margins == 1:
            drop_unaffordable(state, settings, close, page.fill_count > 0)
        known = row if ends else row - 1
        limit = check_limits(p, settings, numbers, known, close) if known >= 0 else 0
        at = Moment(inputs.bar_time[row] if ends else times[i], row)
        opened = act_on_seen(state, settings, page, at, not ends, close, seen, limit)
        if ends:
            p.bars += 1 if p.side != 0 else 0
            p.bars_since_exit += 1 if p.bars_since_exit >= -1 else 0
            true = truths(inputs, row, p, close)
            decide(state, settings, numbers, page, at, close, opened, true)
            if settings.tradingview == 1:
                _emulate_close(state, settings, page, at, Moment(times[i], row), close)
            equity[row] = p.cash + p.side * p.quantity * (close - p.entry_price)
        keep_page(tape, page)
        i += 1
    return i


@part
def _emulate_close(state: State, settings: Record, page: Page, at: Moment, candle: Moment, close: float) -> None:
    """Do what TradingView does after the script has decided at a close."""
    if settings.margins == 1:
        call_margin(state, settings, page, at, close, close, False, np.nan)
    if settings.at_close == 1:
        meet_close(state, settings, page, candle, close)


@part
def _plain(settings: Record, numbers: Numbers) -> bool:
    """Tell whether a rule leaves and enters by nothing but conditions that are columns, and levels at the platform."""
    if settings.day_loss or settings.drawdown or settings.maintenance > 0.0:
        return False
    if settings.margin_long > 0.0 or settings.margin_short > 0.0:
        return False
    return len(numbers.ends) == 0


@part
def _stand_aside(inputs: Inputs, start: int, stop: int, cash: float, equity: Column) -> int:
    """Run ahead to the first bar that enters."""
    times, opens, highs, lows, closes = inputs.time, inputs.open, inputs.high, inputs.low, inputs.close
    long_enter, short_enter = inputs.long_enter, inputs.short_enter
    i = start
    if i < 0:  # it never is: told to the compiler, which then takes no index from the end
        return i
    while i < stop and long_enter[i] != TRUE and short_enter[i] != TRUE:
        equity[i] = cash
        if i % LINE == 0:
            prefetch(times, i + AHEAD)
            prefetch(opens, i + AHEAD)
            prefetch(highs, i + AHEAD)
            prefetch(lows, i + AHEAD)
            prefetch(closes, i + AHEAD)
        i += 1
    return i


@part
def _holds(state: State, settings: Record) -> bool:
    """Tell whether the position is held by levels that stay where they are."""
    p = state.position[0]
    own = settings.sides[0 if p.side > 0 else 1]
    if own.renews or own.trailing or own.break_even or own.limited_bars:
        return False
    for k in range(p.exits):
        if state.exits[k].live == 0:
            return False
    return True


@part
def _hold(state: State, settings: Record, inputs: Inputs, start: int, stop: int, equity: Column) -> int:
    """Run ahead to the first bar in which a level is met or a condition is true."""
    p = state.position[0]
    up, down = np.inf, -np.inf
    for k in range(p.exits):
        one = state.exits[k]
        if (one.side > 0) == (one.reason == _TAKE_PROFIT):
            up = min(up, one.price)
        else:
            down = max(down, one.price)
    noise = settings.tick * NOISE
    up, down = up - noise, down + noise
    times, opens, highs, lows, closes = inputs.time, inputs.open, inputs.high, inputs.low, inputs.close
    flat = inputs.flat
    long_enter, short_enter = inputs.long_enter, inputs.short_enter
    leave = inputs.long_exit if p.side > 0 else inputs.short_exit
    cash, quantity, entry = p.cash, p.side * p.quantity, p.entry_price
    i = start
    if i < 0:
        return i
    while i < stop and highs[i] < up and lows[i] > down:
        if leave[i] == TRUE or flat[i] == TRUE or long_enter[i] == TRUE or short_enter[i] == TRUE:
            break
        equity[i] = cash + quantity * (closes[i] - entry)
        if i % LINE == 0:
            prefetch(times, i + AHEAD)
            prefetch(opens, i + AHEAD)
        i += 1
    return i
