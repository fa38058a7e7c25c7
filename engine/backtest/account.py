"""One symbol of a portfolio: its own machine, which is shown the cash that all symbols share."""

from __future__ import annotations

import math

import numpy as np

from engine.backtest.run import Ready, Result
from engine.decisions import advance, new_state, room
from engine.decisions.tape import Taken, joined, take
from engine.indicators.kernel import TRUE

_ROOM = 16  # candles that the tape has room for; it is emptied whenever it may be full
_ACCOUNT = ("peak", "day_equity")  # what the machine remembers of the equity


class Account:
    """A rule on one symbol, stepped up to a bar at a time.

    `value` is what its position is worth at its last close, with what it has ordered to add; `open_profit` what the
    position has gained; `waiting` is whether
    it holds a position or an order that may lead to one.
    """

    def __init__(self, made: Ready, capital: float) -> None:
        """Start flat, at the first bar of trading."""
        self.made = made
        self.value = self.open_profit = 0.0
        self.waiting = False
        self._state, (self._tape, _) = new_state(capital), room(_ROOM)
        self._equity = np.empty(len(made.bars))
        self._row = made.start  # the next one
        self._at = self._candle(made.start)
        self._reserved = 0.0  # of the shared equity, for other symbols, when it was last stepped
        self._realised = 0.0
        self._gains = np.zeros(len(made.bars))  # realised and open profit of this symbol at each close
        self._taken: list[Taken] = []
        inputs = made.inputs
        entries = (inputs.long_enter == TRUE) | (inputs.short_enter == TRUE)
        # What depends on the position, or on the equity over time, must see every bar.
        always = bool(len(inputs.numbers.ends)) or made.settings.day_loss or made.settings.drawdown
        self.interesting: list[bool] = [True] * len(entries) if always else entries.tolist()

    def step(self, row: int, cash: float, reserved: float, *, may_enter: bool) -> float:
        """Go on to the close of a bar, with so much cash in all; `reserved` of it is tied up by other symbols.

        Bars that were left out on the way are those in which nothing could happen. Gives what the cash has changed by.
        """
        p = self._state.position[0]
        if not may_enter and self._row < row:
            self._advance(self._candle(row))
        available = cash - reserved
        p["cash_before"] += available - p["cash"]
        p["cash"], p["equity"] = available, available + self.open_profit
        for name in _ACCOUNT:
            p[name] -= reserved - self._reserved
        self._reserved = reserved
        if not may_enter and p["cooling"] == 0:
            p["cooling"] = 1
        self._advance(self._candle(row + 1))
        change, close = float(p["cash"]) - available, float(self.made.bars.close[row])
        self._realised += change
        side, quantity = int(p["side"]), float(p["quantity"])
        self.value = quantity * close + self._ordered(side, close)
        self.open_profit = side * quantity * (close - float(p["entry_price"]))
        self.waiting = side != 0 or int(p["closing"]) != 0 or bool(self._state.orders["type"].any())
        self._gains[self._row : row] = self._gains[self._row - 1] if self._row > 0 else 0.0
        self._gains[row] = self._realised + self.open_profit
        self._row = row + 1
        return change

    def result(self, capital: float) -> Result:
        """Give what came of this symbol: its equity is the capital and what it has gained."""
        last = self._gains[self._row - 1] if self._row > 0 else 0.0
        self._gains[self._row :] = last
        return self.made.result(*joined(self._taken), capital + self._gains[self.made.start :])

    def _ordered(self, side: int, close: float) -> float:
        """Give the value of entries that wait; of those that reverse a position, the position stands for them."""
        total = 0.0
        for order, of in zip(self._state.orders, (1, -1), strict=True):
            if order["type"] != 0 and side in (0, of):
                worth = float(order["quantity"]) * close
                total += float(order["budget"]) if math.isnan(worth) else worth
        return total

    def _candle(self, row: int) -> int:
        """Give the first candle that orders meet in a bar."""
        rows = self.made.inputs.row
        return int(np.searchsorted(rows, row)) if len(rows) else row

    def _advance(self, stop: int) -> None:
        tape = self._tape
        while self._at < stop:
            self._at = advance(self._state, self.made.settings, self.made.inputs, self._at, stop, tape, self._equity)
            if tape.counts.any():
                self._taken.append(take(tape))
