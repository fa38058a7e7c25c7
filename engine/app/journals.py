"""A route's journal as it is kept, made ready to be replayed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.backtest.replay import Stretch
from engine.decisions import Costs
from engine.market import Bars, Instrument, Timeframe
from engine.market.feed import Feed
from engine.ports import JournalEntry, JournalMark, MarkKind, Store
from engine.rules import Plan, Rule, read_rule

FOREVER_MS = 2**62


@dataclass(frozen=True)
class Part:
    """What one process did of a journal, from a mark on: `state` is the machine's there, as JSON.

    `history` are the candles known there, `entries` the bars after it. For a rule with `watch`, the state knows the
    finer candles up to `seen_ms`; `open` tells whether more of them were seen after the last bar.
    """

    route: str
    rule: Rule
    params: Mapping[str, float]
    instrument: Instrument
    costs: Costs
    state: str
    history: Bars
    feeds: Mapping[Feed, Bars]
    entries: Sequence[JournalEntry]
    notes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    seen_ms: int | None = None
    open: bool = False

    @property
    def bars(self) -> Bars:
        """The candles that were seen, those before the mark included."""
        seen = [(e.bar_ms, *e.candle) for e in self.entries if e.candle is not None]
        return self.history.then(Bars.of(self.rule.timeframe, seen))

    @property
    def plan(self) -> Plan:
        """The rule as it was planned."""
        return self.rule.plan(self.params, symbol=self.instrument.symbol)

    @property
    def finer(self) -> Bars | None:
        """The candles of `watch` that were seen; None for a rule without it."""
        watch = self.rule.terms.watch
        rows = [row for notes in self.notes.values() for row in notes.get("inside", {}).get("candles", [])]
        return None if watch is None else Bars.of(watch, rows)

    def events(self, bar_ms: int) -> list[Mapping[str, Any]]:
        """What happened inside of a bar after `seen_ms`, oldest first; each event with its `at_ms`, and notes."""
        events = self.notes.get(bar_ms, {}).get("inside", {}).get("events", [])
        return [event for event in events if self.seen_ms is None or event["at_ms"] > self.seen_ms]

    def all_notes(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The notes of each bar, and of each event inside of it, with the bar's open time."""
        for bar_ms, notes in self.notes.items():
            yield from ((bar_ms, event) for event in self.events(bar_ms))
            yield bar_ms, notes

    def stretch(self, *, but: str = "", bars: Bars | None = None, rule: Rule | None = None) -> Stretch:
        """Give it as the backtester takes it; without what happened for the reason `but`."""
        events = {int(event["at_ms"]): event for bar_ms in self.notes for event in self.events(bar_ms)}
        seen = self.bars if bars is None else bars
        start_ms = self.entries[0].bar_ms if self.entries else FOREVER_MS
        return Stretch(
            rule=rule or self.rule,
            params=self.params,
            instrument=self.instrument,
            costs=self.costs,
            bars=seen,
            start_ms=start_ms,
            feeds=self.feeds,
            undone=_undone(self.notes, but),
            refused=_refused(self.notes, but),
            finer=self.finer,
            seen_ms=self.seen_ms,
            undone_inside=_undone(events, but),
            refused_inside=_refused(events, but),
        )


def _undone(notes: Mapping[int, Mapping[str, Any]], but: str) -> dict[int, list[int]]:
    found = {t: [int(one["bar_ms"]) for one in of.get("undone", ()) if one["why"] != but] for t, of in notes.items()}
    return {time: decided for time, decided in found.items() if decided}


def _refused(notes: Mapping[int, Mapping[str, Any]], but: str) -> frozenset[int]:
    return frozenset(time for time, of in notes.items() if "refused" in of and but != "refused")


def parts_of(store: Store, route: str, since_ms: int) -> list[Part]:
    """Give what is there to replay the bars from `since_ms` on, oldest first; nothing where there is no mark.

    The first begins at the last mark before that time, or else at the first there is. Errors: StoreError.
    """
    marks = store.marks(route)
    starts = [i for i, mark in enumerate(marks) if mark.kind is MarkKind.START]
    before = [i for i, mark in enumerate(marks) if mark.bar_ms < since_ms]
    first = before[-1] if before else 0
    of_first = [i for i in starts if i <= first]
    if not starts or not of_first:
        first, of_first = (starts[0], starts[:1]) if starts else (0, [])
    if not of_first:
        return []
    begins = [(of_first[-1], first), *((i, i) for i in starts if i > first)]
    parts = []
    for n, (start, mark) in enumerate(begins):
        ends_ms = marks[begins[n + 1][1]].bar_ms + 1 if n + 1 < len(begins) else FOREVER_MS
        parts.append(_part(store, marks[start], marks[mark], ends_ms))
    return parts


def _part(store: Store, start: JournalMark, mark: JournalMark, ends_ms: int) -> Part:
    facts = json.loads(start.facts)
    rule = read_rule(facts["rule"], f"{start.route}, as it ran")
    timeframe = rule.timeframe
    history = Bars.of(timeframe, facts["bars"])
    entries = store.journal(start.route, start.bar_ms + 1, ends_ms)
    notes = {entry.bar_ms: json.loads(entry.notes) for entry in entries if entry.notes}
    feeds = {_feed(name): rows for name, rows in facts["feeds"].items()}
    for of_bar in notes.values():
        for name, rows in of_bar.get("feeds", {}).items():
            feeds.setdefault(_feed(name), []).extend(rows)
    earlier = [(e.bar_ms, *e.candle) for e in entries if e.bar_ms <= mark.bar_ms and e.candle is not None]
    later = [entry for entry in entries if entry.bar_ms > mark.bar_ms]
    newest = notes.get(later[-1].bar_ms, {}) if later else {}
    still_open = "inside" in newest and "skipped" not in newest and later[-1].candle is None
    if still_open:
        del notes[later.pop().bar_ms]
    instrument = facts["instrument"]
    return Part(
        route=start.route,
        rule=rule,
        params=facts["params"],
        instrument=Instrument(instrument["symbol"], Decimal(instrument["tick"]), Decimal(instrument["lot"])),
        costs=Costs(**facts["costs"]),
        state=json.loads(mark.facts)["state"],
        history=history.then(Bars.of(timeframe, earlier)),
        feeds={feed: Bars.of(feed.timeframe, rows) for feed, rows in feeds.items()},
        entries=later,
        notes={bar_ms: of_bar for bar_ms, of_bar in notes.items() if bar_ms > mark.bar_ms},
        seen_ms=facts.get("seen_ms") if mark is start else None,
        open=still_open,
    )


def _feed(name: str) -> Feed:
    symbol, _, timeframe = name.rpartition(" ")
    return Feed(symbol, Timeframe.parse(timeframe))
