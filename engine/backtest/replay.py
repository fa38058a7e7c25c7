"""A stretch of what really ran, done again: the backtester from a known state, with what happened to its entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.decisions import (
    Costs,
    Decision,
    Move,
    State,
    advance,
    decisions_of,
    entry_name,
    inputs_of,
    room,
    settings_for,
    void_entry,
)
from engine.market import Bars, Instrument
from engine.market.feed import Feed
from engine.market.watched import watched, with_astray
from engine.rules import Rule

_BLOCK = 64


@dataclass(frozen=True)
class Stretch:
    """A rule on candles, of which those before `start_ms` are only for the indicators. Times are open times, ms UTC.

    `undone` names, by the bar before which it happened, the entries that were undone (by the bars they were decided
    on); `refused` are the bars whose entries were never sent. For a rule with `watch`, `finer` are the candles that it
    saw, of which the state already knows those up to `seen_ms`; `undone_inside` and `refused_inside` tell the same of
    them that the other two tell of bars.
    """

    rule: Rule
    params: Mapping[str, float]
    instrument: Instrument
    costs: Costs
    bars: Bars
    start_ms: int
    feeds: Mapping[Feed, Bars] = field(default_factory=dict)
    undone: Mapping[int, Sequence[int]] = field(default_factory=dict)
    refused: frozenset[int] = frozenset()
    finer: Bars | None = None
    seen_ms: int | None = None
    undone_inside: Mapping[int, Sequence[int]] = field(default_factory=dict)
    refused_inside: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Met:
    """The candles that orders meet: the bar of each, and the places of those with which something happened."""

    rows: Sequence[int]
    undone: Mapping[int, Sequence[int]]
    refused: Mapping[int, tuple[int, bool]]  # time, and whether it is of a finer candle inside of its bar


def replay(stretch: Stretch, state: State) -> dict[int, list[Decision]]:
    """Give the decisions by the bar they belong to; `state` goes along to the end of the stretch."""
    bars, instrument = stretch.bars, stretch.instrument
    plan = stretch.rule.plan(stretch.params, symbol=instrument.symbol, mintick=float(instrument.tick) or None)
    met = None if stretch.finer is None else with_astray(watched(bars, stretch.finer), bars, stretch.finer)
    inputs = inputs_of(bars, plan, plan.columns(bars, stretch.feeds), met)
    settings = settings_for(stretch.rule, instrument, stretch.costs)
    first = max(int(np.searchsorted(bars.time, stretch.start_ms)), plan.first_warm(bars, stretch.feeds))
    happened = _happened(stretch, met, inputs.row.tolist())
    at, end = int(np.searchsorted(happened.rows, first)), len(happened.rows)
    if met is not None and stretch.seen_ms is not None:
        at = max(at, int(np.searchsorted(met.time, stretch.seen_ms, side="right")))
    (tape, _), equity = room(_BLOCK), np.empty(len(bars))
    found: dict[int, list[Decision]] = {}
    stops = {*(i for i in happened.undone if i > at), *(i + 1 for i in happened.refused if i >= at), end}
    for stop in sorted(stops) if at < end else ():
        for decided_ms in happened.undone.get(at, ()):
            void_entry(state, decided_ms)
        last = stop - 1
        while at < stop:
            at = advance(state, settings, inputs, at, stop, tape, equity)
            for decision in decisions_of(tape.decisions[: tape.counts[1]]):
                found.setdefault(_bar_of(stretch, decision), []).append(decision)
            tape.counts[:] = 0
        if last in happened.refused:
            time_ms, inside = happened.refused[last]
            _refuse(state, found.get(stretch.rule.timeframe.floor(time_ms), []), time_ms, inside)
    return found


def _happened(stretch: Stretch, met: Bars | None, rows: list[int]) -> _Met:
    """Find the candles at which something happened; without `watch`, each bar is one."""
    times = stretch.bars.time.tolist()
    if met is None:
        places = {time: i for i, time in enumerate(times)}
        rows = list(range(len(times)))
    else:
        # The last one of each bar, with which it closes.
        places = {times[row]: i for i, row in enumerate(rows) if row < len(times)}
    undone = {places[t]: decided for t, decided in stretch.undone.items() if t in places}
    refused = {places[t]: (t, False) for t in stretch.refused if t in places}
    if met is not None:
        inside = {t: i for i, t in enumerate(met.time.tolist())}
        undone |= {inside[t]: decided for t, decided in stretch.undone_inside.items() if t in inside}
        refused |= {inside[t]: (t, True) for t in stretch.refused_inside if t in inside}
    return _Met(rows, undone, refused)


def _bar_of(stretch: Stretch, decision: Decision) -> int:
    """Give the bar that a decision was made in; that of a finer candle may be missing among the bars."""
    return stretch.rule.timeframe.floor(decision.time_ms) if decision.watched else decision.time_ms


def _refuse(state: State, decisions: Sequence[Decision], time_ms: int, inside: bool) -> None:
    opens = (Move.OPEN_LONG, Move.OPEN_SHORT)
    if any(d.move in opens and d.time_ms == time_ms and d.watched == inside for d in decisions):
        while void_entry(state, entry_name(time_ms, watched=inside)):
            pass
