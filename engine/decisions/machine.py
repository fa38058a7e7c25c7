"""The position machine: one compiled step per bar, the same for a backtest's loop and for a live bar.

What fills when is execution.md's table: market orders at the next open; inside a bar along open, the nearer of high and
low, the other, close. `state` is an array of one STATE record; it is all that the machine remembers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.decisions.records import DECISION, FILL, STATE, Move, Reason
from engine.decisions.settings import Columns, Settings
from engine.indicators.kernel import TRUE, kernel

Records = NDArray[np.void]

_OPEN_LONG, _CLOSE_LONG = int(Move.OPEN_LONG), int(Move.CLOSE_LONG)
_OPEN_SHORT, _CLOSE_SHORT = int(Move.OPEN_SHORT), int(Move.CLOSE_SHORT)
_ENTER, _EXIT, _REVERSE = int(Reason.ENTER), int(Reason.EXIT), int(Reason.REVERSE)
_TAKE_PROFIT, _STOP_LOSS = int(Reason.TAKE_PROFIT), int(Reason.STOP_LOSS)
_NO_LEVEL, _NO_SIZE = int(Reason.NO_LEVEL), int(Reason.NO_SIZE)

FILLS_A_BAR, DECISIONS_A_BAR = 3, 2
# Prices closer than this share of a tick are one price: 0.1 + 0.2 and 0.3. The message's percent has four decimals.
_NOISE, _LEAST_PERCENT = 1e-6, 1e-4


def new_state(cash: float) -> Records:
    """Give the state of a machine that has no position and `cash`."""
    state = np.zeros(1, dtype=STATE)
    state["cash"] = cash
    for name in ("take_profit", "stop_loss", "opening_take_profit", "opening_stop_loss"):
        state[name] = np.nan
    return state


def room(bars: int) -> tuple[Records, Records, NDArray[np.float64]]:
    """Give empty fills, decisions and equity for that many bars."""
    return np.empty(bars * FILLS_A_BAR, FILL), np.empty(bars * DECISIONS_A_BAR, DECISION), np.empty(bars)


@kernel
def advance(
    state: Records,
    settings: Settings,
    columns: Columns,
    start: int,
    stop: int,
    fills: Records,
    decisions: Records,
    equity: NDArray[np.float64],
) -> tuple[int, int, int]:
    """Step the bars from `start` to before `stop`.

    Writes fills and decisions from index 0 on, and equity (cash and open position at the close) at each bar's index.
    Gives the bar to go on from, and the counts of fills and decisions; it stops early when their arrays are full.
    """
    # What is read on every bar stands in names of its own: handing `columns` to a function counts references to each.
    s = state[0]
    times, opens, highs, lows, closes = columns.time, columns.open, columns.high, columns.low, columns.close
    long_enter, short_enter = columns.long_enter, columns.short_enter
    long_exit, short_exit = columns.long_exit, columns.short_exit
    filled = decided = 0
    i = start
    while i < stop and filled + FILLS_A_BAR <= len(fills) and decided + DECISIONS_A_BAR <= len(decisions):
        time, opened, close = times[i], opens[i], closes[i]
        if s.closing != 0:
            before = times[i - 1] if i > 0 else time
            filled = _close(s, settings, fills, filled, time, i, before, s.closing, opened, settings.slippage)
        if s.opening != 0:
            filled = _open(s, settings, fills, filled, time, i, opened)
        hit = 0
        if s.side != 0:
            hit, price = _bracket(s, opened, highs[i], lows[i], settings.tick * _NOISE)
            if hit != 0 and settings.platform_holds_bracket:
                slippage = settings.slippage if hit == _STOP_LOSS else 0.0
                filled = _close(s, settings, fills, filled, time, i, s.entry_decided, hit, price, slippage)
                hit = 0
        # Exits before entries. Entries on both sides at once contradict each other; none is taken.
        buy, sell = long_enter[i] == TRUE, short_enter[i] == TRUE
        wanted = 0 if buy == sell else (1 if buy else -1)
        if s.side != 0:
            leave = (long_exit[i] if s.side > 0 else short_exit[i]) == TRUE
            decided = _leave(s, hit, leave, wanted, time, close, decisions, decided)
        if wanted != 0 and wanted != s.side:  # noqa: PLR1714 - compiled: no tuple for each bar
            decided = _enter(s, settings, columns, i, wanted, decisions, decided)
        equity[i] = s.cash + s.side * s.quantity * (close - s.entry_price)
        i += 1
    return i, filled, decided


@kernel
def _open(s: Any, settings: Settings, fills: Records, count: int, time: int, row: int, opened: float) -> int:
    """Fill the waiting entry at the open."""
    s.side = s.opening
    s.quantity = s.opening_quantity
    s.entry_price = opened + s.side * settings.slippage
    s.entry_time = time
    s.entry_decided = s.opening_decided
    s.take_profit = s.opening_take_profit
    s.stop_loss = s.opening_stop_loss
    s.opening = 0
    fee = s.quantity * s.entry_price * settings.commission
    s.cash -= fee
    _write_fill(
        fills[count], time, row, s.entry_decided, _OPEN_LONG if s.side > 0 else _OPEN_SHORT, _ENTER, s.entry_price,
        s.quantity, fee, 0.0,
    )  # fmt: skip
    return count + 1


@kernel
def _close(  # noqa: PLR0917
    s: Any, settings: Settings, fills: Records, count: int, time: int, row: int, decided: int, reason: int,
    price: float, slippage: float,
) -> int:  # fmt: skip
    """Fill the close of the whole position."""
    s.closing = 0
    if s.side == 0:
        return count
    at = price - s.side * slippage
    profit = s.side * s.quantity * (at - s.entry_price)
    fee = s.quantity * at * settings.commission
    s.cash += profit - fee
    move = _CLOSE_LONG if s.side > 0 else _CLOSE_SHORT
    _write_fill(fills[count], time, row, decided, move, reason, at, s.quantity, fee, profit)
    s.side = 0
    s.quantity = 0.0
    s.entry_price = 0.0
    s.take_profit = np.nan
    s.stop_loss = np.nan
    return count + 1


@kernel
def _write_fill(  # noqa: PLR0917
    fill: Any, time: int, row: int, decided: int, move: int, reason: int, price: float, quantity: float, fee: float,
    profit: float,
) -> None:  # fmt: skip
    fill.time = time
    fill.row = row
    fill.decided = decided
    fill.move = move
    fill.reason = reason
    fill.price = price
    fill.quantity = quantity
    fill.fee = fee
    fill.profit = profit


@kernel
def _bracket(s: Any, opened: float, high: float, low: float, noise: float) -> tuple[int, float]:
    """Give which level of the bracket the bar's path meets first (0 for none), and the price there.

    A level that the open has passed is met at the open; where high and low are as near, the low comes first. Prices
    within `noise` are equal. Comparisons with na are false: a level that is not there.
    """
    up, down = (s.take_profit, s.stop_loss) if s.side > 0 else (s.stop_loss, s.take_profit)
    up_reason, down_reason = (_TAKE_PROFIT, _STOP_LOSS) if s.side > 0 else (_STOP_LOSS, _TAKE_PROFIT)
    if opened >= up - noise:
        return up_reason, opened
    if opened <= down + noise:
        return down_reason, opened
    up_first = high - opened < opened - low - noise
    if high >= up - noise and (up_first or not low <= down + noise):
        return up_reason, up
    if low <= down + noise:
        return down_reason, down
    return 0, 0.0


@kernel
def _leave(s: Any, hit: int, leave: bool, wanted: int, time: int, close: float, decisions: Records, count: int) -> int:
    """Decide whether the position is closed: for a level that the engine saw, for its exit, for the opposite entry."""
    reason = hit
    if reason == 0 and leave:
        reason = _EXIT
    if reason == 0 and wanted == -s.side:
        reason = _REVERSE
    if reason == 0:
        return count
    s.closing = reason
    move = _CLOSE_LONG if s.side > 0 else _CLOSE_SHORT
    _write_decision(decisions[count], time, move, reason, close, np.nan, np.nan, np.nan)
    return count + 1


@kernel
def _enter(s: Any, settings: Settings, columns: Columns, i: int, wanted: int, decisions: Records, count: int) -> int:
    """Decide an entry at the close, or refuse it where its levels or its size are not valid."""
    close = columns.close[i]
    equity = s.cash + s.side * s.quantity * (close - s.entry_price)
    take_profit = columns.long_take_profit[i] if wanted > 0 else columns.short_take_profit[i]
    stop_loss = columns.long_stop_loss[i] if wanted > 0 else columns.short_stop_loss[i]
    if settings.tick > 0:
        take_profit = _steps(np.round(take_profit / settings.tick), settings.tick)
        stop_loss = _steps(np.round(stop_loss / settings.tick), settings.tick)
    noise = settings.tick * _NOISE
    good_profit = not settings.has_take_profit or (take_profit - close) * wanted > noise < take_profit
    good_loss = not settings.has_stop_loss or (close - stop_loss) * wanted > noise < stop_loss
    size = columns.size[i]
    good_size = not settings.size_in_percent or _LEAST_PERCENT <= size <= 100.0
    quantity = equity * size / 100.0 / close if settings.size_in_percent else size
    if settings.lot > 0:
        quantity = _steps(np.floor(quantity / settings.lot + 1e-9), settings.lot)
    affordable = settings.may_borrow or quantity * close <= equity * (1 + 1e-9)
    if not (good_profit and good_loss):
        _write_decision(decisions[count], columns.time[i], 0, _NO_LEVEL, close, size, take_profit, stop_loss)
    elif not (good_size and quantity > 0 and affordable and equity > 0):
        _write_decision(decisions[count], columns.time[i], 0, _NO_SIZE, close, size, take_profit, stop_loss)
    else:
        if not settings.size_in_percent:
            size = quantity
        s.opening = wanted
        s.opening_decided = columns.time[i]
        s.opening_quantity = quantity
        s.opening_take_profit = take_profit
        s.opening_stop_loss = stop_loss
        move = _OPEN_LONG if wanted > 0 else _OPEN_SHORT
        _write_decision(decisions[count], columns.time[i], move, _ENTER, close, size, take_profit, stop_loss)
    return count + 1


@kernel
def _steps(count: float, step: float) -> float:
    """Give that many steps, as the float that is nearest to the decimal number: 3 steps of 0.1 are 0.3."""
    in_one = np.round(1.0 / step)
    return count / in_one if abs(in_one * step - 1.0) < 1e-9 else count * step


@kernel
def _write_decision(
    decision: Any, time: int, move: int, reason: int, close: float, size: float, take_profit: float, stop_loss: float
) -> None:
    decision.time = time
    decision.move = move
    decision.reason = reason
    decision.close = close
    decision.size = size
    decision.take_profit = take_profit
    decision.stop_loss = stop_loss
