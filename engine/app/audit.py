"""The journal against the backtester: the same candles and the same rule must give the same decisions.

First what ran is done again with all that happened to it; it must come out as it did. Each entry that came to nothing
is a difference of its own. Then each kind of event is taken away in turn: where the decisions are then others, that
kind is what made the difference, and gives it its name.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from engine.adapters.markets import markets_of
from engine.adapters.sql_store import SqlStore
from engine.app.journals import FOREVER_MS, Part, parts_of
from engine.app.system import read_routes
from engine.backtest.replay import Stretch, replay
from engine.config import RunConfig
from engine.decisions import State, state_from_json, state_to_json
from engine.documents import counted
from engine.errors import InvalidInputError, MarketDataError
from engine.live import RouteSpec
from engine.live.journal import candle_of, plain, rows_of
from engine.market import Bars, Timeframe
from engine.ports import Candle, Clock, JournalEntry, Store
from engine.rules import warnings_of

Decisions = dict[int, list[dict[str, object]]]
_CLOSE_ENOUGH = 1e-9


class Cause(StrEnum):
    """Why the journal and the backtester differ."""

    UNEXPLAINED = "unexplained"
    REVISED = "revised candle"
    LATE = "late candle"
    MISSED = "missed candle"
    EXPIRED = "expired entry"
    REJECTED = "rejected entry"
    REFUSED = "refused entry"
    BY_HAND = "closed by hand"
    EDITED = "edited rule"


_UNDONE = {"EXPIRED": Cause.EXPIRED, "REJECTED": Cause.REJECTED, "by hand": Cause.BY_HAND}


@dataclass(frozen=True, slots=True)
class Difference:
    """At one bar (open time, ms UTC): what was decided, and what would have been without its cause.

    Where both are the same, `detail` says what was not done.
    """

    bar_ms: int
    cause: Cause
    live: list[dict[str, object]]
    backtest: list[dict[str, object]]
    detail: str = ""


@dataclass
class RouteAudit:
    """What came of one route. `notes` are no differences, but a person should know them."""

    route: str
    bars: int = 0
    decisions: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    slowest_ms: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """How many of the differences nothing explains."""
        return sum(difference.cause is Cause.UNEXPLAINED for difference in self.differences)


def audit(config: RunConfig, clock: Clock, since_ms: int, *, offline: bool = False) -> list[RouteAudit]:
    """Audit the bars of all routes that opened at or after `since_ms`. Errors: StoreError, InvalidInputError.

    Unless `offline`, the candles are compared with those that the exchange gives now.
    """
    if not Path(config.state).exists():
        raise InvalidInputError(f"{config.state}: there is no state yet; nothing was ever run with this config")
    specs = read_routes(config)
    store = SqlStore.open_readonly(config.state)
    try:
        parts = {spec.key: parts_of(store, spec.key, since_ms) for spec in specs}
        now, wrong = ({}, "offline") if offline else asyncio.run(_ask(config, clock, specs, parts))
        return [audit_route(store, spec, parts[spec.key], since_ms, now.get(spec.key), wrong) for spec in specs]
    finally:
        store.close()


def audit_route(
    store: Store, spec: RouteSpec, parts: Sequence[Part], since_ms: int, now: Bars | None, why_not: str = ""
) -> RouteAudit:
    """Audit one route; `now` are the exchange's candles of today, None (with the reason) where they are not known."""
    report = RouteAudit(spec.key)
    if not parts or not any(part.entries for part in parts):
        report.notes.append("nothing was processed since then" if parts else "there is no journal of it")
        return report
    entries = [entry for part in parts for entry in part.entries]
    meant = [entry for entry in entries if entry.bar_ms >= since_ms]
    if meant:
        report.first_ms, report.last_ms = meant[0].bar_ms, meant[-1].bar_ms
    report.bars = len(meant)
    timeframe = spec.rule.timeframe
    report.slowest_ms = max((entry.at_ms - timeframe.next(entry.bar_ms) for entry in meant), default=0)
    if parts[0].entries and parts[0].entries[0].bar_ms > since_ms:
        report.notes.append("its journal begins later than that")
    if now is None:
        report.notes.append(f"its candles were not compared with the exchange's: {why_not}")
    live = {entry.bar_ms: decided for part in parts for entry, decided in _decided(part)}
    report.decisions = sum(len(live.get(entry.bar_ms, [])) for entry in meant)
    found = [*_again(parts, live), *_without(spec, parts, live, now, report.notes)]
    found += [*_gaps(parts, entries, now), *_came_to_nothing(parts, live)]
    if now is not None and (later := int((now.time > entries[-1].bar_ms).sum())) > 1:
        report.notes.append(f"{counted(later, 'candle')} have closed since the last that it processed")
    report.differences = sorted((d for d in found if d.bar_ms >= since_ms), key=lambda d: (d.bar_ms, d.cause))
    _check_end(store, spec, parts, report)
    if report.unexplained:  # what depends on where the candles begin cannot be done again
        report.notes += dict.fromkeys(line for part in parts for line in warnings_of(part.plan))
    return report


def _again(parts: Sequence[Part], live: Decisions) -> Iterator[Difference]:
    """Do each part again as it was: whatever differs then nothing explains."""
    for part in parts:
        done = _run([part], lambda one, _: one.stretch(), carry=False)
        late = _late_feeds(part)
        for bar_ms in [entry.bar_ms for entry in part.entries]:
            was, would = live.get(bar_ms, []), done.get(bar_ms, [])
            if not _same(was, would):
                cause = Cause.LATE if bar_ms in late else Cause.UNEXPLAINED
                yield Difference(bar_ms, cause, was, would, late.get(bar_ms, ""))


def _without(
    spec: RouteSpec, parts: Sequence[Part], live: Decisions, now: Bars | None, notes: list[str]
) -> Iterator[Difference]:
    """Take away each kind of event that there was, and give where the decisions are then others."""
    happened = {one["why"] for part in parts for _, notes in part.all_notes() for one in notes.get("undone", ())}
    base = _run(parts, lambda one, _: one.stretch(), carry=True)
    tries: list[tuple[Cause, Callable[[Part, int], Stretch]]] = [
        (_UNDONE.get(why, Cause.REJECTED), _but(why)) for why in sorted(happened)
    ]
    if any("refused" in n for part in parts for _, n in part.all_notes()):
        tries.append((Cause.REFUSED, _but("refused")))
    if any(part.rule.sha256 != spec.rule.sha256 for part in parts):
        notes.append("its rule file is another now than it was for a part of this time")
        tries.append((Cause.EDITED, lambda one, _: one.stretch(rule=spec.rule)))
    if now is not None:
        revised = [_revised(part, now) for part in parts]
        if count := sum(len(times) for _, times in revised):
            notes.append(f"the exchange gives {counted(count, 'candle')} otherwise now than seen")
            tries.append((Cause.REVISED, lambda one, n: one.stretch(bars=revised[n][0])))
    for cause, of in tries:
        done = _run(parts, of, carry=True)
        for bar_ms in sorted(base.keys() | done.keys()):
            if not _same(base.get(bar_ms, []), done.get(bar_ms, [])):
                yield Difference(bar_ms, cause, live.get(bar_ms, []), done.get(bar_ms, []))


def _but(why: str) -> Callable[[Part, int], Stretch]:
    return lambda part, _: part.stretch(but=why)


def _gaps(parts: Sequence[Part], entries: Sequence[JournalEntry], now: Bars | None) -> Iterator[Difference]:
    """Name the bars that were given up, and those that the exchange has and nobody looked at."""
    there = {entry.bar_ms for entry in entries}
    for part in parts:
        for bar_ms, notes in part.notes.items():
            if "skipped" in notes:
                # One entry stands for all that were given up together.
                given_up = _between(part.rule.timeframe, int(notes.get("first_ms", bar_ms)), bar_ms)
                there |= given_up
                told = str(notes["skipped"])
                if now is not None:
                    came = len(given_up.intersection(now.time.tolist()))
                    told += f"; the exchange has {came or 'none'} of {counted(len(given_up), 'candle')} now"
                yield Difference(bar_ms, Cause.LATE, [], [], told)
    if now is not None and entries:
        for bar_ms in now.time.tolist():
            if entries[0].bar_ms < bar_ms < entries[-1].bar_ms and bar_ms not in there:
                yield Difference(
                    bar_ms, Cause.MISSED, [], [], "the exchange has this candle, and it was never processed"
                )


def _between(timeframe: Timeframe, first_ms: int, last_ms: int) -> set[int]:
    """Give the open times of the bars from one to another."""
    found = {last_ms}
    while first_ms < last_ms:
        found.add(first_ms)
        first_ms = timeframe.next(first_ms)
    return found


def _came_to_nothing(parts: Sequence[Part], live: Decisions) -> Iterator[Difference]:
    """Name the entries that were decided and not sent, or sent and not executed."""
    for part in parts:
        for bar_ms, notes in part.all_notes():
            if "refused" in notes:
                decided = live.get(bar_ms, [])
                yield Difference(bar_ms, Cause.REFUSED, decided, decided, str(notes["refused"]))
            for gone in notes.get("undone", ()):
                cause, decided_ms = _UNDONE.get(gone["why"], Cause.REJECTED), int(gone["bar_ms"])
                decided_ms = part.rule.timeframe.floor(decided_ms)  # it may have been decided inside of a bar
                told, decided = f"message {gone['id']}: the position is undone", live.get(decided_ms, [])
                yield Difference(decided_ms, cause, decided, decided, told)


def _run(parts: Sequence[Part], of: Callable[[Part, int], Stretch], *, carry: bool) -> Decisions:
    found: Decisions = {}
    state: State | None = None
    for n, part in enumerate(parts):
        state = state_from_json(part.state) if state is None or not carry else state
        if part.entries:
            stretch = of(part, n)
            if carry and n:  # the state comes from the part before, which did not see the rest of a bar that was open
                stretch = replace(stretch, seen_ms=None)
            done = replay(stretch, state)
            found |= {bar_ms: [plain(one) for one in decisions] for bar_ms, decisions in done.items()}
    return found


def _check_end(store: Store, spec: RouteSpec, parts: Sequence[Part], report: RouteAudit) -> None:
    """Compare the machine as it is kept with the one that the journal leads to."""
    record, last = store.route(spec.key), parts[-1]
    if record is None or last.open or not last.entries or record.watermark_ms != last.entries[-1].bar_ms:
        return
    state = state_from_json(last.state)
    replay(last.stretch(), state)
    if not _alike(json.loads(record.state), json.loads(state_to_json(state))):
        told = "the position that is kept is not the one that the journal leads to"
        report.differences.append(Difference(record.watermark_ms, Cause.UNEXPLAINED, [], [], told))


def _decided(part: Part) -> Iterator[tuple[JournalEntry, list[dict[str, object]]]]:
    for entry in part.entries:
        notes = [*part.events(entry.bar_ms), part.notes.get(entry.bar_ms, {})]
        yield entry, [decided for of in notes for decided in of.get("decided", [])]


def _late_feeds(part: Part) -> dict[int, str]:
    """Give the bars at which a candle of another symbol or timeframe was not there yet that came later."""
    late: dict[int, str] = {}
    closes = [(entry.bar_ms, part.rule.timeframe.next(entry.bar_ms)) for entry in part.entries]
    for bar_ms, notes in part.notes.items():
        for name, rows in notes.get("feeds", {}).items():
            feed = next(feed for feed in part.feeds if str(feed) == name)
            for row in rows:
                closed_ms = feed.timeframe.next(candle_of(row)[0])
                late |= {
                    b: f"a candle of {name} came later" for b, close in closes if closed_ms <= close and b < bar_ms
                }
    return late


def _revised(part: Part, now: Bars) -> tuple[Bars, list[int]]:
    """Give a part's candles as the exchange has them now, and which of those that were decided on are others."""
    today: dict[int, Candle] = dict(candle_of(row) for row in rows_of(now))
    changed, rows = [], []
    first_ms = part.entries[0].bar_ms if part.entries else FOREVER_MS
    for row in rows_of(part.bars):
        time, was = candle_of(row)
        rows.append((time, *today.get(time, was)))
        if today.get(time, was) != was and time >= first_ms:
            changed.append(time)
    return Bars.of(part.rule.timeframe, rows), changed


async def _ask(
    config: RunConfig, clock: Clock, specs: Sequence[RouteSpec], parts: Mapping[str, Sequence[Part]]
) -> tuple[dict[str, Bars], str]:
    markets = markets_of(config, clock)
    found: dict[str, Bars] = {}
    try:
        now = {name: await market.now_ms() for name, market in markets.items()}
        for spec in specs:
            entries = [entry for part in parts[spec.key] for entry in part.entries]
            if entries:
                first_ms = entries[0].bar_ms
                found[spec.key] = await markets[spec.exchange].closed_bars(
                    spec.symbol, spec.rule.timeframe, first_ms, now[spec.exchange]
                )
    except (MarketDataError, InvalidInputError) as error:
        return found, str(error)
    finally:
        for market in markets.values():
            await market.close()
    return found, ""


def _same(one: Sequence[Mapping[str, object]], other: Sequence[Mapping[str, object]]) -> bool:
    return _alike(list(one), list(other))


def _alike(one: object, other: object) -> bool:
    """Tell whether two JSON values are one, numbers to the ninth digit."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=_CLOSE_ENOUGH, abs_tol=_CLOSE_ENOUGH)
    return one == other
