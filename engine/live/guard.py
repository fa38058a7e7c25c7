"""What stands between a decided entry and the outbox: the safety limits, asked in the moment of the decision.

An entry that is refused is undone in the machine before the bar is kept, so the state never believes in it, and its row
is kept as REFUSED: both in the one transaction of the bar.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from engine.decisions import state_from_json
from engine.delivery import Intent, Row, RowState
from engine.live.book import Book, Standing
from engine.live.routes import RouteSpec
from engine.live.safety import Limits, Refusal, Situation, refusal
from engine.live.session import Outcome, Session
from engine.ports import Clock, Store

_HOUR_MS = 3_600_000


class Guard:
    """Asks the limits about every entry. Errors of its methods: StoreError."""

    def __init__(
        self, limits: Limits, store: Store, clock: Clock, routes: Sequence[RouteSpec], stop_file: Path | None = None
    ) -> None:
        """Ask nothing yet. While `stop_file` is there, no entry is sent."""
        self.limits, self._store, self._clock, self._stop_file = limits, store, clock, stop_file
        self._routes = list(routes)

    @cached_property
    def book(self) -> Book:
        """Where all routes stand; at first, by what was kept of them."""
        return Book(standings(self._store, self._routes))

    def ask(self, session: Session, outcome: Outcome, skew_ms: int) -> Outcome:
        """Give the outcome as it may be kept. `skew_ms` is our clock less the exchange's.

        What would be too late to be sent anyway is left alone: it expires, and is undone as such.
        """
        now_ms = self._clock.now_ms()
        alive = [row for row in outcome.rows if _alive(row, now_ms - skew_ms)]
        if not alive:
            return outcome
        wanted = len(alive) + sum(row.intent is not Intent.OPEN for row in outcome.rows)
        refused = refusal(self.limits, self.situation(session, outcome, wanted, now_ms, skew_ms))
        return outcome if refused is None else without_entries(session, outcome, refused)

    def keep(self, session: Session, watermark_ms: int) -> Standing:
        """Take note of where a route stands now, and give it."""
        standing = session.standing(watermark_ms, self.book.of(session.route))
        self.book.keep(session.route, standing)
        return standing

    def situation(self, session: Session, outcome: Outcome, wanted: int, now_ms: int, skew_ms: int) -> Situation:
        """Give what the limits are asked with."""
        self.keep(session, int(session.bars.time[-1]))
        closed_ms = int(outcome.bar.closes_ms[0])
        exchange_ms = now_ms - skew_ms
        stale, stale_ms = self.book.stalest(exchange_ms)
        if exchange_ms - closed_ms > stale_ms:
            stale, stale_ms = f"the candle of {session.route}", exchange_ms - closed_ms
        else:
            stale = f"the candle that {stale}, which holds a position, waits for"
        day_equity, equity = self.book.equity(int(outcome.bar.time[0]))
        sent = 0
        if self.limits.messages_an_hour is not None:
            sent = self._store.messages_since(now_ms - _HOUR_MS, now_ms)
        return Situation(
            stopped=self.stopped(),
            missing=session.missing,
            skew_ms=skew_ms,
            stale=stale,
            stale_ms=stale_ms,
            positions=self.book.positions(but=session.route),
            adds=session.side == 0,
            messages=sent,
            wanted=wanted,
            day_equity=day_equity,
            equity=equity,
        )

    def stopped(self) -> str:
        """Say who stopped entries and when; nothing where nobody did."""
        return why_stopped(self._store, self._stop_file)


def why_stopped(store: Store, stop_file: Path | None) -> str:
    """Say who stopped entries and when; nothing where nobody did. Errors: StoreError."""
    if stop_file is not None and (there := _there(stop_file)):
        return there
    command = store.entries_stopped()
    if command is None:
        return ""
    at = f"{datetime.fromtimestamp(command.asked_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    return f"by command at {at} UTC" + (f": {command.reason}" if command.reason else "")


def _there(file: Path) -> str:
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:  # nobody can tell, so no entry is sent; a close does not ask
        return f"the file {file} cannot be looked for: {error.strerror}"
    return f"the file {file} is there"


def standings(store: Store, routes: Sequence[RouteSpec]) -> dict[str, Standing]:
    """Give where all routes stand by what was kept of them. A state that cannot be read is told when it is needed."""
    found: dict[str, Standing] = {}
    for spec in routes:
        record = store.route(spec.key)
        if record is None:
            continue
        try:
            state = state_from_json(record.state)
        except ValueError:
            continue
        at_ms, mark = record.watermark_ms, store.newest_mark(spec.key)
        facts = {} if mark is None else json.loads(mark.facts)
        newest = store.journal(spec.key, at_ms, at_ms + 1)
        candle = newest[0].candle if newest else None
        close = candle[3] if candle is not None else float(facts.get("close", state.position["entry_price"][0]))
        standing = Standing.of(state, spec.rule.timeframe, at_ms, close, None)
        if facts.get("day") == standing.day:
            standing = replace(standing, day_equity=float(facts["day_equity"]))
        found[spec.key] = standing
    return found


def _alive(row: Row, exchange_ms: int) -> bool:
    return row.intent is Intent.OPEN and (row.deadline_ms is None or row.deadline_ms >= exchange_ms)


def without_entries(session: Session, outcome: Outcome, refused: Refusal) -> Outcome:
    """Give the outcome with all openings of the bar refused: one bar's entries belong together (one cancels other)."""
    rows = [
        replace(row, state=RowState.REFUSED, detail=str(refused)) if row.intent is Intent.OPEN else row
        for row in outcome.rows
    ]
    for decided_ms in dict.fromkeys(row.bar_ms for row in rows if row.state is RowState.REFUSED):
        while session.void_entry(decided_ms):
            pass
    return replace(outcome, rows=rows, refused=refused)
