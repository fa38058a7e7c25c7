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
    inputs_of,
    room,
    settings_for,
    void_entry,
)
from engine.market import Bars, Instrument
from engine.market.feed import Feed
from engine.rules import Rule

_BLOCK = 64


@dataclass(frozen=True)
class Stretch:
    """A rule on candles, of which those before `start_ms` are only for the indicators. Times are open times, ms UTC.

    `undone` names, by the bar before which it happened, the entries that were undone (by the bars they were decided
    on); `refused` are the bars whose entries were never sent.
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


def replay(stretch: Stretch, state: State) -> dict[int, list[Decision]]:
    """Give the decisions by the bar they belong to; `state` goes along to the end of the stretch."""
    bars, instrument = stretch.bars, stretch.instrument
    plan = stretch.rule.plan(stretch.params, symbol=instrument.symbol, mintick=float(instrument.tick) or None)
    inputs = inputs_of(bars, plan, plan.columns(bars, stretch.feeds))
    settings = settings_for(stretch.rule, instrument, stretch.costs)
    first = max(int(np.searchsorted(bars.time, stretch.start_ms)), plan.first_warm(bars, stretch.feeds))
    (tape, _), equity = room(_BLOCK), np.empty(len(bars))
    found: dict[int, list[Decision]] = {}
    times = bars.time.tolist()
    at = first
    for stop in _stops(stretch, times, first):
        for decided_ms in stretch.undone.get(times[at], ()) if at < len(times) else ():
            void_entry(state, decided_ms)
        while at < stop:
            at = advance(state, settings, inputs, at, stop, tape, equity)
            for decision in decisions_of(tape.decisions[: tape.counts[1]]):
                found.setdefault(times[decision.row], []).append(decision)
            tape.counts[:] = 0
        if times[stop - 1] in stretch.refused:
            _refuse(state, found.get(times[stop - 1], []))
    return found


def _stops(stretch: Stretch, times: list[int], first: int) -> list[int]:
    """Give the indexes up to which the machine runs in one go: before what was undone, after what was refused."""
    stops = {len(times)} if len(times) > first else set()
    for i in range(first, len(times)):
        if times[i] in stretch.undone and i > first:
            stops.add(i)
        if times[i] in stretch.refused:
            stops.add(i + 1)
    return sorted(stops)


def _refuse(state: State, decisions: Sequence[Decision]) -> None:
    for decided_ms in {d.time_ms for d in decisions if d.move in (Move.OPEN_LONG, Move.OPEN_SHORT)}:
        while void_entry(state, decided_ms):
            pass
