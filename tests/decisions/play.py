"""Candles and signals for the compiled machine, and what it makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.decisions import (
    Decision,
    Inputs,
    Move,
    Reason,
    Settings,
    SideSettings,
    State,
    advance,
    decisions_of,
    new_state,
    room,
)
from engine.decisions.fields import CONDITIONS as KINDS
from engine.decisions.fields import FIELDS, SIDE_FIELDS, SIZE, STOP_LOSS, TAKE_PROFIT
from engine.decisions.inputs import Numbers
from engine.decisions.settings import LevelKind
from engine.decisions.state import Records
from engine.indicators import FALSE, TRUE, UNKNOWN, Truth
from engine.market.bars import Column

STEP_MS = 3_600_000
NA = float("nan")
Levels = tuple[float, float]  # take-profit, stop-loss
Condition = Literal["long_enter", "long_exit", "short_enter", "short_exit"]
CONDITIONS: tuple[Condition, ...] = ("long_enter", "long_exit", "short_enter", "short_exit")


@dataclass(frozen=True)
class Fill:
    bar: int
    move: Move
    reason: Reason
    price: float
    quantity: float
    fee: float
    profit: float


@dataclass(frozen=True)
class Played:
    fills: list[Fill]
    decisions: list[Decision]
    equity: Column
    state: State
    raw: tuple[bytes, bytes, bytes]

    @property
    def story(self) -> list[tuple[int, Move, float]]:
        """Each fill as bar, move, price."""
        return [(fill.bar, fill.move, fill.price) for fill in self.fills]

    @property
    def decided(self) -> list[tuple[int, Move, Reason]]:
        """Each decision as bar, move, reason."""
        return [(decision.time_ms // STEP_MS, decision.move, decision.reason) for decision in self.decisions]


def columns(
    candles: Sequence[tuple[float, float, float, float]],
    *,
    size: float | Sequence[float] = 1.0,
    levels: Mapping[int, Levels] | None = None,
    long_enter: Collection[int] = (),
    long_exit: Collection[int] = (),
    short_enter: Collection[int] = (),
    short_exit: Collection[int] = (),
    true: Mapping[Condition, Collection[int]] | None = None,
    unknown: Collection[int] = (),
) -> Inputs:
    """Give the columns: conditions are true on the bars listed, unknown on those of `unknown`, else false."""
    count = len(candles)
    prices = np.array(candles, dtype=np.float64).reshape(count, 4).T.copy()
    truths = np.full((4, count), FALSE, dtype=np.int8)
    for row, bars in enumerate((long_enter, long_exit, short_enter, short_exit)):
        truths[row, list(bars)] = TRUE
    for name, bars in (true or {}).items():
        truths[CONDITIONS.index(name), list(bars)] = TRUE
    truths[:, list(unknown)] = UNKNOWN
    take_profit, stop_loss = np.full((2, count), NA)
    for bar, (profit, loss) in (levels or {}).items():
        take_profit[bar], stop_loss[bar] = profit, loss
    sizes = np.array(np.broadcast_to(np.asarray(size, dtype=np.float64), count))
    return inputs(prices, truths, np.stack([sizes, take_profit, stop_loss]))


def inputs(prices: Column, truths: Truth, table: Column) -> Inputs:
    """Give inputs: prices by row (open, high, low, close), conditions (long and short, enter and exit), numbers.

    The rows of `table` are the size, and prices of the take-profit and the stop-loss, for both sides.
    """
    count = prices.shape[1]
    never = np.full(count, FALSE, dtype=np.int8)
    where = np.full(FIELDS + KINDS, -1, dtype=np.int64)
    for side in (0, SIDE_FIELDS):
        for row, field in enumerate((SIZE, TAKE_PROFIT, STOP_LOSS)):
            where[side + field] = row
    time = np.arange(count, dtype=np.int64) * STEP_MS
    return Inputs(
        time,
        np.ascontiguousarray(prices[0]),
        np.ascontiguousarray(prices[1]),
        np.ascontiguousarray(prices[2]),
        np.ascontiguousarray(prices[3]),
        np.empty(0, dtype=np.int64),
        np.empty(0, dtype=np.bool_),
        np.empty(0),
        time,
        np.ascontiguousarray(truths[0]),
        np.ascontiguousarray(truths[1]),
        never,
        np.ascontiguousarray(truths[2]),
        np.ascontiguousarray(truths[3]),
        never,
        never,
        Numbers(
            where,
            np.full(FIELDS, np.nan),
            np.ascontiguousarray(table),
            np.empty((0, 2), dtype=np.int64),
            np.empty(0, dtype=np.int64),
            np.empty(0),
        ),
    )


def settings(*, in_percent: bool = True, take_profit: bool = False, stop_loss: bool = False, futures: bool = True,
             **more: float) -> Settings:  # fmt: skip
    """Give settings for market orders whose levels are prices; `more` are fields of Settings."""
    side = SideSettings(
        size_kind=0 if in_percent else 1,
        take_profits=(LevelKind.PRICE,) if take_profit else (),
        stop_losses=(LevelKind.PRICE,) if stop_loss else (),
        profit_sent=futures,
        loss_sent=futures,
    )
    return Settings(long=side, short=side, may_borrow=futures)._replace(**more)  # type: ignore[arg-type]  # numbers are what they are


def play(table: Inputs, settings: Settings, capital: float = 10_000.0, state: State | None = None) -> Played:
    """Run the machine over all bars."""
    count = len(table.bar_time)
    state = new_state(capital) if state is None else state
    tape, equity = room(count + 1)
    at = advance(state, settings, table, 0, len(table.time), tape, equity)
    assert at == len(table.time)
    fills, decisions = tape.fills[: tape.counts[0]], tape.decisions[: tape.counts[1]]
    equity = equity[:count]
    return Played(
        fills_of(fills),
        decisions_of(decisions),
        equity,
        state,
        (fills.tobytes(), decisions.tobytes(), equity.tobytes()),
    )


def fills_of(records: Records) -> list[Fill]:
    return [
        Fill(
            int(r["time"]) // STEP_MS,
            Move(r["move"]),
            Reason(r["reason"]),
            *(float(r[name]) for name in ("price", "quantity", "fee", "profit")),
        )
        for r in records
    ]
