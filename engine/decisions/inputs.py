"""What the machine reads: candles, and what a rule's plan gives on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.decisions.fields import CONDITIONS, FIELDS, condition_names, field_names
from engine.decisions.program import code_of
from engine.indicators import FALSE
from engine.market import Bars
from engine.market.bars import Column
from engine.rules import Plan
from engine.rules.programs import DEEPEST

Truth = NDArray[np.int8]
Times = NDArray[np.int64]

_FIELDS, _CONDITIONS = field_names(), condition_names()


class Numbers(NamedTuple):
    """The numbers of a rule, and what depends on the position, for each of the rule's bars.

    `where` tells of each number (FIELDS of them, see fields.py) its row in `table`, -1 for `constants`, or -2 - k for
    program k; and of each condition after them the program that it is, -1 where it is a column. The programs' steps are
    (kind, place); their own constants stand behind the others; program k ends before step ends[k].
    """

    where: Times
    constants: Column
    table: NDArray[np.float64]
    steps: Times
    ends: Times
    stack: Column  # room for what the programs compute with


class Inputs(NamedTuple):
    """Columns of one length for the candles that orders meet, and of another for the bars that the rule decides on.

    Both are the same but with `watch`: then `row` says in which of the rule's bars each candle lies, and `closes`
    whether that bar closes with it. Otherwise the two are empty.
    """

    time: Times
    open: Column
    high: Column
    low: Column
    close: Column
    row: Times
    closes: NDArray[np.bool_]
    funding: Column  # share of the position's value that a long pays when the candle opens; empty without any
    bar_time: Times
    long_enter: Truth
    long_exit: Truth
    long_cancel: Truth
    short_enter: Truth
    short_exit: Truth
    short_cancel: Truth
    flat: Truth
    numbers: Numbers


def inputs_of(
    bars: Bars,
    plan: Plan,
    columns: Mapping[str, Column],
    finer: Bars | None = None,
    funding: Column | None = None,
) -> Inputs:
    """Put the columns of a plan (`plan.columns`) side by side with the candles.

    `finer` are the candles of `watch`: they begin where the first of `bars` opens, and end where the last one closes.
    `funding` is per candle that orders meet.
    """
    never = np.zeros(len(bars), dtype=np.int8)
    truths: list[Truth] = [never] * CONDITIONS
    for name, place in _CONDITIONS.items():
        if name in columns:
            truths[place] = columns[name]  # type: ignore[assignment]  # conditions are int8
        elif plan.constants.get(name, FALSE) != FALSE:
            truths[place] = np.full(len(bars), int(plan.constants[name]), dtype=np.int8)
    met = bars if finer is None else finer
    row, closes = _rows(bars, finer)
    paid = np.empty(0) if funding is None else funding
    candles = (met.time, met.open, met.high, met.low, met.close, row, closes, paid)
    return Inputs._make((*candles, bars.time, *truths, numbers_of(plan, columns, len(bars))))


def numbers_of(plan: Plan, columns: Mapping[str, Column], bars: int) -> Numbers:
    """Put the numbers of a plan where the machine finds them."""
    where, constants = np.full(FIELDS + CONDITIONS, -1, dtype=np.int64), np.full(FIELDS, np.nan)
    stacked: dict[str, Column] = {}
    programs = [name for name in plan.outputs if name in plan.programs]
    for name, place in _FIELDS.items():
        if name in plan.programs:
            where[place] = -2 - programs.index(name)
        elif name in plan.constants:
            constants[place] = plan.constants[name]
        elif name in columns:
            where[place] = len(stacked)
            stacked[name] = columns[name]
    for name, place in _CONDITIONS.items():
        if name in plan.programs:
            where[FIELDS + place] = programs.index(name)
    steps, ends, more = code_of([plan.programs[name] for name in programs], columns, stacked, len(constants))
    table = np.stack(list(stacked.values())) if stacked else np.empty((0, bars))
    return Numbers(where, np.concatenate([constants, more]), table, steps, ends, np.empty(DEEPEST))


def _rows(bars: Bars, finer: Bars | None) -> tuple[Times, NDArray[np.bool_]]:
    if finer is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    # One in no bar comes before the next bar closes: so it was for who saw it and then missed its bar.
    row = np.searchsorted(bars.closes_ms, finer.time, side="right")
    last = np.empty(len(row), dtype=np.bool_)
    last[:-1], last[-1:] = row[1:] != row[:-1], row[-1:] < len(bars)
    return row.astype(np.int64), last
