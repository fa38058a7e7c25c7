"""What the machine writes: fills and decisions, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.decisions.compiled import part, step
from engine.decisions.records import DECISION, FILL, MOST_EXITS
from engine.decisions.settings import Record
from engine.decisions.state import Records

FILLS_A_CANDLE, DECISIONS_A_CANDLE = 2 * MOST_EXITS + 8, 16

PAGE = np.dtype(
    [
        ("fill_count", "i8"),
        ("decision_count", "i8"),
        ("fills", FILL, (FILLS_A_CANDLE,)),
        ("decisions", DECISION, (DECISIONS_A_CANDLE,)),
    ]
)
_FILL, _DECISION = FILL.itemsize // 8, DECISION.itemsize // 8
_FIRST_FILL, _FIRST_DECISION = (PAGE.fields[name][1] // 8 for name in ("fills", "decisions"))  # type: ignore[index]
Page = Any
"""What is written about one candle, inside of compiled functions: a record of PAGE. Passed as one pointer."""


Words = NDArray[np.int64]
Taken = tuple[Records, Records]
"""Fills and decisions."""


class Tape(NamedTuple):
    """Where fills and decisions are kept: `counts` says how many of each there are."""

    fills: Records
    decisions: Records
    counts: NDArray[np.int64]
    page: Records  # one PAGE: of the candle at hand
    words: tuple[Words, Words, Words]  # page, fills and decisions again, as words of eight bytes: these copy fastest


def room(candles: int) -> tuple[Tape, NDArray[np.float64]]:
    """Give an empty tape that is long enough for that many candles, and as much equity."""
    return tape_for(0, 0, candles), np.empty(candles)


def tape_for(fills: int, decisions: int, candles: int = 0) -> Tape:
    """Give an empty tape with room for so many, beside all that so many candles can need."""
    kept = (
        np.empty(fills + candles * FILLS_A_CANDLE, FILL),
        np.empty(decisions + candles * DECISIONS_A_CANDLE, DECISION),
    )
    page = np.zeros(1, PAGE)
    words = page.view(np.int64), kept[0].view(np.int64), kept[1].view(np.int64)
    return Tape(*kept, np.zeros(2, dtype=np.int64), page, words)


def take(tape: Tape, *, last: bool = False) -> Taken:
    """Take the fills and the decisions off a tape, as copies; it is empty then. The `last` time they need no copy."""
    found = tape.fills[: tape.counts[0]], tape.decisions[: tape.counts[1]]
    tape.counts[:] = 0
    return found if last else (_as_one([found[0]], FILL), _as_one([found[1]], DECISION))


def joined(taken: Sequence[Taken]) -> Taken:
    """Give what was taken off a tape one after the other."""
    if len(taken) == 1:
        return taken[0]
    return _as_one([fills for fills, _ in taken], FILL), _as_one([decisions for _, decisions in taken], DECISION)


def _as_one(parts: Sequence[Records], kind: np.dtype[np.void]) -> Records:
    # As bytes: NumPy copies records field by field.
    return np.concatenate([part.view(np.uint8) for part in parts] or [np.empty(0, np.uint8)]).view(kind)


@part
def begin_page(tape: Tape, page: Page) -> bool:
    """Begin a candle's page; tell whether the tape has room for all that may be written on it."""
    page.fill_count = page.decision_count = 0
    return bool(
        tape.counts[0] + FILLS_A_CANDLE <= len(tape.fills)
        and tape.counts[1] + DECISIONS_A_CANDLE <= len(tape.decisions)
    )


@part
def keep_page(tape: Tape, page: Page) -> None:
    """Append a page to the tape."""
    words, fills, decisions = tape.words
    for k in range(page.fill_count):
        _copy(words, _FIRST_FILL + k * _FILL, fills, (tape.counts[0] + k) * _FILL, _FILL)
    for k in range(page.decision_count):
        _copy(words, _FIRST_DECISION + k * _DECISION, decisions, (tape.counts[1] + k) * _DECISION, _DECISION)
    tape.counts[0] += page.fill_count
    tape.counts[1] += page.decision_count


@part
def _copy(words: Words, at: int, to: Words, there: int, count: int) -> None:
    for w in range(count):
        to[there + w] = words[at + w]


class Moment(NamedTuple):
    """The candle at hand: its open time, and the rule's bar that it lies in."""

    time: int
    row: int


@step
def write_fill(
    page: Page, at: Moment, move: int, reason: int, price: float, quantity: float, fee: float, profit: float,
    decided: int,
) -> None:  # fmt: skip
    """Write a fill."""
    fill = page.fills[page.fill_count]
    page.fill_count += 1
    fill.time, fill.row, fill.move, fill.reason = at.time, at.row, move, reason
    fill.price, fill.quantity, fill.fee, fill.profit, fill.decided = price, quantity, fee, profit, decided


@step
def write_decision(
    p: Record, page: Page, at: Moment, watched: bool, move: int, reason: int, close: float, side: int
) -> Record:
    """Write a decision, and give it for what else it says."""
    one = page.decisions[page.decision_count]
    page.decision_count += 1
    one.time, one.row, one.watched, one.move, one.reason = at.time, at.row, 1 if watched else 0, move, reason
    one.close, one.side, one.order = close, side, 0
    one.size = one.price = one.take_profit = one.stop_loss = np.nan
    one.held, one.entry_price, one.bars, one.bars_since_exit = p.side, p.entry_price, p.bars, p.bars_since_exit
    return one
