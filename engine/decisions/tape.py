"""What the machine writes: fills and decisions, one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.decisions.compiled import step
from engine.decisions.settings import Record
from engine.decisions.state import Records


class Tape(NamedTuple):
    """Where fills and decisions are written: `counts` says how many of each there are."""

    fills: Records
    decisions: Records
    counts: NDArray[np.int64]


class Moment(NamedTuple):
    """The candle at hand: its open time, and the rule's bar that it lies in."""

    time: int
    row: int


@step
def write_fill(
    tape: Tape, at: Moment, move: int, reason: int, price: float, quantity: float, fee: float, profit: float,
    decided: int,
) -> None:  # fmt: skip
    """Write a fill."""
    fill = tape.fills[tape.counts[0]]
    tape.counts[0] += 1
    fill.time, fill.row, fill.move, fill.reason = at.time, at.row, move, reason
    fill.price, fill.quantity, fill.fee, fill.profit, fill.decided = price, quantity, fee, profit, decided


@step
def write_decision(
    p: Record, tape: Tape, at: Moment, watched: bool, move: int, reason: int, close: float, side: int
) -> Record:
    """Write a decision, and give it for what else it says."""
    one = tape.decisions[tape.counts[1]]
    tape.counts[1] += 1
    one.time, one.row, one.watched, one.move, one.reason = at.time, at.row, 1 if watched else 0, move, reason
    one.close, one.side, one.order = close, side, 0
    one.size = one.price = one.take_profit = one.stop_loss = np.nan
    one.held, one.entry_price, one.bars, one.bars_since_exit = p.side, p.entry_price, p.bars, p.bars_since_exit
    return one
