"""A ready route taken through its bars: each with its decisions, messages, journal and state in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from engine.decisions import Costs
from engine.delivery import Row
from engine.live.asking import OnNotice
from engine.live.book import DAY_MS
from engine.live.gaps import GapPolicy, Missing, flat
from engine.live.guard import Guard
from engine.live.journal import day_mark, entry_of, open_entry, skipped, start_mark
from engine.live.observer import Observer
from engine.live.recovery import Recovered
from engine.live.seat import Seat
from engine.live.session import Outcome, Session
from engine.live.undone import Openings, Undone
from engine.live.venue import Venue
from engine.live.watching import Watching
from engine.market import Bars
from engine.ports import Clock, JournalEntry, JournalMark, Notice, NoticeKind, RouteRecord, Store

MONTH_MS = 30 * DAY_MS


class Stepper:
    """Steps bars of all routes. Errors of its methods: StoreError."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        costs: Costs,
        clock: Clock,
        venues: Mapping[str, Venue],
        observer: Observer,
        notice: OnNotice,
        *,
        wake_delivery: Callable[[], None],
        gaps: GapPolicy,
    ) -> None:
        """Hold what all routes share; the arguments are LiveEngine's."""
        self._store, self._guard, self._costs, self._clock, self._venues = store, guard, costs, clock, venues
        self._observer, self._notice, self._wake_delivery, self._gaps = observer, notice, wake_delivery, gaps
        self._untidy: deque[Session] = deque()

    def tidy(self, kept_ms: int) -> None:
        """Pack a little of the journal, and forget what is old, of one route: no candle is to wait for it."""
        if self._untidy:
            session = self._untidy.popleft()
            believed_ms = [decided_ms for decided_ms, _ in session.entries]  # is asked about as long as it is held
            if self._store.tidy_journal(session.route, min([self._clock.now_ms() - kept_ms, *believed_ms])):
                self._untidy.append(session)

    def begin(self, seat: Seat, recovered: Recovered) -> None:
        """Seat a route that is ready, with a mark in the journal from which all that follows can be replayed."""
        session, watermark, record = recovered.session, recovered.watermark_ms, recovered.record
        seat.session, seat.watermark_ms = session, watermark
        seat.watching = None if session.watch is None else Watching(session, session.watch)
        seat.openings = Openings(self._store, session)
        standing, at_ms = self._guard.keep(session, watermark), self._clock.now_ms()
        mark = start_mark(session, self._costs, watermark, standing, at_ms)
        sha256 = seat.spec.rule.sha256 if record is None else record.rule_sha256  # the rule's that decided the last bar
        self._store.commit_bar(RouteRecord(session.route, watermark, session.state, sha256), [], mark=mark)
        seat.marked_ms = watermark
        self._untidy.append(session)
        self._observer.ready(session, watermark, record)
        self._look_for_gaps(seat, session)

    def look_inside(self, seat: Seat, session: Session) -> None:
        """Take the finer candles in the bar after the last one through the orders that the engine watches."""
        if seat.watching is not None:
            bar_ms = session.timeframe.next(seat.watermark_ms)
            for candle in seat.watching.take_inside(bar_ms):
                self._see(seat, session, bar_ms, candle)

    def step(self, seat: Seat, session: Session, bar: Bars) -> None:
        """Take a closed bar through, with the finer candles in it."""
        bar_ms = int(bar.time[0])
        self.look_inside(seat, session)
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, bar_ms, at_ms)
        gone = self._undo(seat, session, at_ms)
        last = None if seat.watching is None else seat.watching.take_last(bar_ms)
        outcome = self._guard.ask(session, session.step(bar, last), self._skew_ms(session))
        seat.watermark_ms = bar_ms
        self._keep(seat, session, outcome, gone, entry_of(session, outcome, gone, at_ms), mark)
        self._observer.stepped(session, outcome)
        self._look_for_gaps(seat, session)

    def _see(self, seat: Seat, session: Session, bar_ms: int, candle: Bars) -> None:
        """Take a finer candle through, in the bar that opened at `bar_ms`."""
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, bar_ms, at_ms)
        gone = self._undo(seat, session, at_ms)
        outcome = self._guard.ask(session, session.see(candle), self._skew_ms(session))
        self._keep(seat, session, outcome, gone, open_entry(session, bar_ms, outcome, gone, at_ms), mark)
        if outcome.decisions:
            self._observer.stepped(session, outcome)

    def give_up(self, seat: Seat, session: Session, missing: Missing) -> None:
        """Go on without bars whose candles did not come: in their place stands nothing, or a flat one."""
        first, count = datetime.fromtimestamp(missing.first_ms / 1000, UTC), missing.bars
        text = f"{first:%Y-%m-%d %H:%M:%S}" + (f" and {count - 1} after it" if count > 1 else "")
        if self._gaps is GapPolicy.FILL and len(session.bars):
            self._notice(Notice(NoticeKind.FILLED, session.route, text, count))
            bars = flat(session.timeframe, missing, float(session.bars.close[-1]))
            for i in range(count):
                self.step(seat, session, bars[i : i + 1])
            return
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, missing.last_ms, at_ms)
        record = RouteRecord(session.route, missing.last_ms, session.state, seat.spec.rule.sha256)
        why = f"{NoticeKind.SKIPPED_LATE}: {text}"
        self._store.commit_bar(record, [], skipped(session, missing, why, at_ms), mark)
        seat.watermark_ms = missing.last_ms
        session.forget_inside()
        self._guard.keep(session, missing.last_ms)
        self._notice(Notice(NoticeKind.SKIPPED_LATE, session.route, text, count))

    def _undo(self, seat: Seat, session: Session, at_ms: int) -> list[Undone]:
        """Undo the entries of which there is nothing left; gives them."""
        found = [] if seat.openings is None else seat.openings.undone(at_ms)
        return [one for one in found if session.void_entry(one.opening.bar_ms)]

    def _keep(
        self,
        seat: Seat,
        session: Session,
        outcome: Outcome,
        gone: Sequence[Undone],
        entry: JournalEntry,
        mark: JournalMark | None,
    ) -> None:
        """Make what came of a candle durable, and let it be sent."""
        record = RouteRecord(session.route, seat.watermark_ms, session.state, seat.spec.rule.sha256)
        rows = [_on_our_clock(row, self._skew_ms(session)) for row in outcome.rows]
        self._store.commit_bar(record, rows, entry, mark)
        self._guard.keep(session, seat.watermark_ms)
        if outcome.rows:
            self._wake_delivery()
        for one in gone:
            self._observer.voided(session, one.why)

    def _skew_ms(self, session: Session) -> int:
        return self._venues[session.exchange].skew_ms

    def _look_for_gaps(self, seat: Seat, session: Session) -> None:
        """Say when entries are barred by a gap in the warm-up, and when they are not any more."""
        if (count := session.missing) and not seat.barred:
            self._notice(Notice(NoticeKind.BARRED, session.route, f"{count} of the last {session.plan.warmup + 1}"))
        elif seat.barred and not count:
            self._notice(Notice(NoticeKind.ALLOWED, session.route, f"the last {session.plan.warmup + 1} are there"))
        seat.barred = count > 0

    def _mark(self, seat: Seat, session: Session, bar_ms: int, at_ms: int) -> JournalMark | None:
        """Give the journal's mark before a bar that begins a UTC day, and before anything in it."""
        if session.inside.last_ms is not None:
            return None
        before, day = seat.watermark_ms, bar_ms // DAY_MS
        standing = self._guard.keep(session, before)
        if day == before // DAY_MS:
            return None
        self._untidy.append(session)
        begun = replace(standing, day=day, day_equity=standing.begun(day))
        if before - seat.marked_ms < MONTH_MS:
            return day_mark(session, before, begun, at_ms)
        seat.marked_ms = before
        return start_mark(session, self._costs, before, begun, at_ms)


def _on_our_clock(row: Row, skew_ms: int) -> Row:
    """Give the row with its deadline, which follows from the exchange's time, in the time it is delivered by."""
    return row if row.deadline_ms is None else replace(row, deadline_ms=row.deadline_ms + skew_ms)
