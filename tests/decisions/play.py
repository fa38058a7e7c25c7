"""Candles and signals for the compiled machine, and what it makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.decisions import Columns, Decision, Move, Reason, Settings, advance, decisions_of, new_state, room
from engine.decisions.machine import Records
from engine.indicators import FALSE, TRUE, UNKNOWN
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
    state: Records
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
) -> Columns:
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
    return Columns(
        np.arange(count, dtype=np.int64) * STEP_MS,
        prices[0],
        prices[1],
        prices[2],
        prices[3],
        truths[0],
        truths[1],
        truths[2],
        truths[3],
        take_profit,
        stop_loss,
        take_profit,
        stop_loss,
        np.array(np.broadcast_to(np.asarray(size, dtype=np.float64), count)),
    )


def play(table: Columns, settings: Settings, capital: float = 10_000.0, state: Records | None = None) -> Played:
    """Run the machine over all bars."""
    count = len(table.time)
    state = new_state(capital) if state is None else state
    fills, decisions, equity = room(count)
    at, filled, decided = advance(state, settings, table, 0, count, fills, decisions, equity)
    assert at == count
    return Played(
        fills_of(fills[:filled]),
        decisions_of(decisions[:decided]),
        equity,
        state,
        (fills[:filled].tobytes(), decisions[:decided].tobytes(), equity.tobytes()),
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
