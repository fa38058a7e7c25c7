"""The engine while it runs: each tick asks the watermarks what is due, and takes every closed bar through.

The scheduler that calls `tick` is a doorbell: a ring that comes late, twice or never loses and doubles nothing, since
what is due follows from the watermark alone. Starting is recovering: a route without candles in memory reads its state,
fetches its window and steps what it missed.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from engine.decisions import Costs
from engine.delivery import Row
from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError, RefusedError, StoreError
from engine.live.book import DAY_MS
from engine.live.clock_watch import ClockWatch
from engine.live.gaps import GapPolicy, Missing, filled, flat, pieces
from engine.live.guard import Guard
from engine.live.inside import Inside
from engine.live.journal import day_mark, entry_of, open_entry, read_inside, skipped, start_mark
from engine.live.observer import Observer
from engine.live.patience import LONGEST_LATE_PAUSE_MS, LONGEST_PAUSE_MS, Patience
from engine.live.revisions import LOOKED_AT_AGAIN, Revisions
from engine.live.routes import RouteSpec
from engine.live.safety import Limits
from engine.live.session import Outcome, Session
from engine.live.tasks import Tasks
from engine.live.undone import Undone, undone
from engine.live.venue import Venue
from engine.live.watching import Watching
from engine.market import Bars
from engine.ports import Clock, JournalEntry, JournalMark, MarketData, Notice, NoticeKind, RouteRecord, Store

MONTH_MS = 30 * DAY_MS
KEPT_MS = 90 * DAY_MS
LONGEST_TICK_S = 1.0
STEPPED_AT_ONCE = 10
MOST_SPARSE = 8  # how many times as far back as the window candles are looked for


@dataclass
class _Seat(Patience):
    """A route's place in the engine; without a session it is not ready."""

    spec: RouteSpec = field(kw_only=True)
    session: Session | None = None
    watermark_ms: int = 0
    marked_ms: int = 0
    watching: Watching | None = None
    revisions: Revisions = field(init=False)
    quarantined: bool = False
    barred: bool = False

    def __post_init__(self) -> None:
        """Have told nothing."""
        self.revisions = Revisions(self.spec.key)


class LiveEngine:
    """Takes closed bars of all routes through plan and machine into the store. All I/O goes through the ports."""

    def __init__(
        self,
        routes: Sequence[RouteSpec],
        markets: Mapping[str, MarketData],
        store: Store,
        costs: Costs,
        clock: Clock,
        observer: Observer,
        wake_delivery: Callable[[], None],
        settle_ms: int = 0,
        *,
        guard: Guard | None = None,
        kept_ms: int = KEPT_MS,
        gaps: GapPolicy = GapPolicy.SKIP,
        steady_ms: Callable[[], float] | None = None,
    ) -> None:
        """Hold the routes; nothing is asked of anyone before the first tick.

        `clock` is the one by which messages are delivered; candles are due by the exchange's, `settle_ms` after their
        close: some exchanges still change them in the first moments. `guard` is asked about every entry. The
        journal keeps `kept_ms`, and up to a month more. `markets` are the exchanges by the names that routes call them.
        `steady_ms` is a clock that nobody sets; without it, jumps of `clock` are not noticed.
        """
        self.counts: Counter[NoticeKind] = Counter()
        self._settle_ms, self._kept_ms, self._gaps = settle_ms, kept_ms, gaps
        self._steady_ms, self._clock_watch = steady_ms, ClockWatch()
        self._venues = {name: Venue(name, market) for name, market in markets.items()}
        self._visits, self._serving = Tasks(), Tasks()
        self._untidy: deque[str] = deque()
        self._seats = [_Seat(spec=spec) for spec in routes]
        self._store, self._costs, self._clock = store, costs, clock
        self._observer, self._wake_delivery, self._guard = (
            observer,
            wake_delivery,
            guard or Guard(Limits(), store, clock, routes),
        )

    @property
    def sessions(self) -> list[Session]:
        """The routes that are ready."""
        return [seat.session for seat in self._seats if seat.session is not None]

    async def tick(self) -> None:
        """Take every route as far as its closed bars go. Routes wait for the exchange together, not for each other.

        What takes longer than LONGEST_TICK_S goes on beside the next ticks. What may pass by itself is reported and
        retried. Errors: RefusedError where a route can never run; StoreError.
        """
        if self._steady_ms is not None:
            self.notice(self._clock_watch.look(self._clock.now_ms(), self._steady_ms()))
        for name, venue in self._venues.items():
            self._visits.begin(name, partial(self._visit, venue))
        try:
            await self._visits.wait(LONGEST_TICK_S)
            await self._serving.wait(LONGEST_TICK_S)
        except BaseException:
            self.stop()
            raise
        self._tidy()

    def stop(self) -> None:
        """End what still waits for an exchange: all that was done is either durable or not begun."""
        self._visits.stop()
        self._serving.stop()

    async def _visit(self, venue: Venue) -> None:
        """Ask one exchange for its time, and begin with those of its routes that are due."""
        steady_ms = self._clock.now_ms() if self._steady_ms is None else self._steady_ms()
        if venue.patience.retry_at_ms > steady_ms:
            return
        try:
            now_ms = await venue.market.now_ms()
        except MarketDataError as error:
            if _final(error) and not self.sessions:
                raise RefusedError(str(error)) from error
            pause_ms = venue.patience.postpone(steady_ms, LONGEST_PAUSE_MS)
            about = f"the time of {venue.name}" if venue.name else "the exchange's time"
            self._observer.waiting(about, error, pause_ms)
            return
        venue.patience.reset()
        venue.skew_ms = self._clock.now_ms() - now_ms
        self.notice(venue.watch.measure(venue.skew_ms))
        settled_ms = now_ms - self._settle_ms
        for seat in self._seats:
            if seat.spec.exchange == venue.name and seat.retry_at_ms <= settled_ms:
                self._serving.begin(seat.spec.key, partial(self._serve, seat, settled_ms))

    def notice(self, notice: Notice | None) -> None:
        """Count what was noticed, and tell it."""
        if notice is not None:
            self.counts[notice.kind] += max(1, notice.bars)
            self._observer.noticed(notice)

    def _tidy(self) -> None:
        """Pack a little of the journal: one stretch of one route a tick, so that no candle waits for it."""
        if self._untidy:
            route = self._untidy.popleft()
            if self._store.tidy_journal(route, self._clock.now_ms() - self._kept_ms):
                self._untidy.append(route)

    async def _serve(self, seat: _Seat, now_ms: int) -> None:
        try:
            came = await (self._recover(seat, now_ms) if seat.session is None else self._due(seat, now_ms))
            await self._fetch_finer(seat, now_ms)
        except (MarketDataError, InvalidCandlesError) as error:
            if _final(error) and seat.session is None:
                raise RefusedError(f"{seat.spec.key}: {error}") from error
            if isinstance(error, InvalidCandlesError) and not seat.quarantined:
                seat.quarantined = True
                self.notice(Notice(NoticeKind.QUARANTINED, seat.spec.key, str(error)))
            self._observer.waiting(seat.spec.key, error, seat.postpone(now_ms, LONGEST_PAUSE_MS))
            return
        if seat.quarantined:
            seat.quarantined = False
            self.notice(Notice(NoticeKind.WHOLE, seat.spec.key, "it goes on after the last candle that was whole"))
        before_ms = seat.watermark_ms
        if await self._process(seat, came, now_ms):
            seat.reset()
            return
        # Published late, or a market in which nobody traded: asked again, more and more slowly.
        if seat.watermark_ms != before_ms:
            seat.reset()
        seat.postpone(now_ms, LONGEST_LATE_PAUSE_MS)

    async def _process(self, seat: _Seat, came: Bars, now_ms: int) -> bool:
        """Step what came, and give up what will not come; gives whether nothing is waited for."""
        session, timeframe = seat.session, seat.spec.rule.timeframe
        assert session is not None  # noqa: S101 - only ready routes are processed
        for piece in pieces(came, timeframe.next(seat.watermark_ms), now_ms):
            if isinstance(piece, Missing):
                self._give_up(seat, session, piece)
                continue
            decidable = self._decidable(session, piece, now_ms)
            for i in range(len(decidable)):
                bar = decidable[i : i + 1]
                if seat.watching is not None and seat.watching.waits_for_last(int(bar.time[0]), now_ms):
                    self._look_inside(seat, session)
                    return False
                self._step(seat, session, bar)
                if i % STEPPED_AT_ONCE == STEPPED_AT_ONCE - 1:
                    await asyncio.sleep(0)  # others' candles are not to wait for a route that catches up
            if len(decidable) < len(piece):
                return False
        self._look_inside(seat, session)
        finer_waits = seat.watching is not None and seat.watching.waits(seat.watermark_ms, now_ms)
        return seat.watermark_ms >= timeframe.last_closed(now_ms) and not finer_waits

    def _look_inside(self, seat: _Seat, session: Session) -> None:
        """Take the finer candles in the bar after the last one through the orders that the engine watches."""
        if seat.watching is not None:
            bar_ms = session.timeframe.next(seat.watermark_ms)
            for candle in seat.watching.take_inside(bar_ms):
                self._see(seat, session, bar_ms, candle)

    async def _due(self, seat: _Seat, now_ms: int) -> Bars:
        """Give the closed bars after the watermark that have come. Asks nothing while none can have closed."""
        spec, session, timeframe = seat.spec, seat.session, seat.spec.rule.timeframe
        since = timeframe.next(seat.watermark_ms)
        if session is None or timeframe.next(since) > now_ms:
            return Bars.of(timeframe, [])
        market, again = self._market(spec), timeframe.before(since, LOOKED_AT_AGAIN)
        try:
            bars = await market.closed_bars(spec.symbol, timeframe, again, now_ms)
        except InvalidCandlesError:  # what is past must not keep what is new away
            bars = await market.closed_bars(spec.symbol, timeframe, since, now_ms)
        known = int(bars.time.searchsorted(since))
        for notice in seat.revisions.look(session.bars, bars[:known]):
            self.notice(notice)
        if len(bars) > known:
            await self._fetch_feeds(session, since, now_ms)
        return bars[known:]

    async def _fetch_finer(self, seat: _Seat, now_ms: int) -> None:
        """Fetch the candles of `watch` that have closed."""
        if seat.watching is None or seat.session is None or seat.session.watch is None:
            return
        if seat.watching.waits(seat.watermark_ms, now_ms):
            since, watch = seat.watching.since_ms(seat.watermark_ms), seat.session.watch
            seat.watching.add(await self._market(seat.spec).closed_bars(seat.spec.symbol, watch, since, now_ms))

    def _market(self, spec: RouteSpec) -> MarketData:
        return self._venues[spec.exchange].market

    async def _fetch_feeds(self, session: Session, own_since_ms: int, now_ms: int) -> None:
        """Fetch what has closed of the other candles that a route looks at."""
        # One after the other: of several at once, those that outlive the failure of one would be fetched twice.
        for feed in tuple(session.feeds.candles):
            since, symbol = session.feeds.since_ms(feed, own_since_ms), feed.symbol or session.symbol
            if feed.timeframe.next(since) <= now_ms:
                market = self._venues[session.exchange].market
                session.feeds.add(feed, await market.closed_bars(symbol, feed.timeframe, since, now_ms))

    def _decidable(self, session: Session, bars: Bars, now_ms: int) -> Bars:
        """Give the first of the bars, as many as no other candle has to be waited for; say where one never came."""
        bars = bars[: session.feeds.ready(bars, now_ms)]
        if len(bars):
            for feed, closed_ms in session.feeds.missing(int(bars[-1:].closes_ms[0])).items():
                closed = f"{datetime.fromtimestamp(closed_ms / 1000, UTC):%Y-%m-%d %H:%M}"
                rested = MarketDataUnavailableError(
                    f"{feed}: no candle closed at {closed} UTC; the one before it holds"
                )
                self._observer.waiting(session.route, rested, 0)
        return bars

    async def _recover(self, seat: _Seat, now_ms: int) -> Bars:
        """Make a route ready: its state as it was kept, its window of candles. Gives the bars that were missed."""
        spec, timeframe = seat.spec, seat.spec.rule.timeframe
        market = self._market(spec)
        kind = await market.kind(spec.symbol)
        if kind is not spec.rule.market:
            raise RefusedError(f"{spec.rule.name} is a {spec.rule.market} rule, and {spec.symbol} is a {kind} symbol")
        instrument = await market.instrument(spec.symbol)
        session = Session(
            spec.key, spec.connector, spec.rule, instrument, self._costs, spec.params, exchange=spec.exchange
        )
        record = self._store.route(spec.key)
        watermark = record.watermark_ms if record else timeframe.last_closed(now_ms)
        bars = await self._window(session, watermark, now_ms)
        if record is None and len(bars):
            watermark = int(bars.time[-1])  # the newest may not be published yet
        known = int((bars.time <= watermark).sum())
        history, since = bars[:known], timeframe.before(watermark, session.window - 1)
        if self._gaps is GapPolicy.FILL:
            history = filled(history)
        if len(history):
            since = min(since, int(history.time[max(0, len(history) - session.window)]))
        if record is not None and len(history) <= session.plan.warmup:
            # Not warm, it would leave an open position to itself, in silence.
            have = f"the exchange gave {len(history)} of the {session.plan.warmup + 1} candles that it needs to go on"
            raise MarketDataUnavailableError(f"{have}; it will be asked again")
        await self._fetch_feeds(session, since, now_ms)
        try:
            session.restore(history, record.state if record else None, self._seen_inside(session, record))
        except ValueError as error:
            raise StoreError(f"{spec.key}: its state cannot be read: {error}") from None
        if record is not None and not session.warm:
            given = ", ".join(f"{len(candles)} of {feed}" for feed, candles in session.feeds.candles.items())
            raise MarketDataUnavailableError(f"the exchange gave {given}: too few to go on; it will be asked again")
        seat.session, seat.watermark_ms = session, watermark
        seat.watching = None if session.watch is None else Watching(session, session.watch)
        standing, at_ms = self._guard.keep(session, watermark), self._clock.now_ms()
        mark = start_mark(session, self._costs, watermark, standing, at_ms)
        sha256 = spec.rule.sha256 if record is None else record.rule_sha256  # the rule's that decided the last bar
        self._store.commit_bar(RouteRecord(spec.key, watermark, session.state, sha256), [], mark=mark)
        seat.marked_ms = watermark
        self._untidy.append(spec.key)
        self._observer.ready(session, watermark, record)
        self._look_for_gaps(seat, session)
        return bars[known:]

    def _seen_inside(self, session: Session, record: RouteRecord | None) -> Inside | None:
        """Give what a former process saw of the bar that was open when it ended."""
        if record is None or session.watch is None:
            return None
        bar_ms = session.timeframe.next(record.watermark_ms)
        entries = self._store.journal(session.route, bar_ms, bar_ms + 1)
        return read_inside(entries[0], session.watch) if entries else None

    async def _window(self, session: Session, watermark: int, now_ms: int) -> Bars:
        """Fetch a route's candles; of a market that often rests, from further back, until there are enough."""
        timeframe, span = session.timeframe, session.window - 1
        while True:
            since = timeframe.before(watermark, span)
            bars = await self._venues[session.exchange].market.closed_bars(session.symbol, timeframe, since, now_ms)
            known = int((bars.time <= watermark).sum())
            # Nothing in the older half: it begins there.
            begun = not known or int(bars.time[0]) > timeframe.shift(since, span // 2)
            if known > session.plan.warmup or begun or since == 0 or span > MOST_SPARSE * session.window:
                return bars
            span *= 2

    def _give_up(self, seat: _Seat, session: Session, missing: Missing) -> None:
        """Go on without bars whose candles did not come: in their place stands nothing, or a flat one."""
        first, count = datetime.fromtimestamp(missing.first_ms / 1000, UTC), missing.bars
        text = f"{first:%Y-%m-%d %H:%M:%S}" + (f" and {count - 1} after it" if count > 1 else "")
        if self._gaps is GapPolicy.FILL and len(session.bars):
            self.notice(Notice(NoticeKind.FILLED, session.route, text, count))
            bars = flat(session.timeframe, missing, float(session.bars.close[-1]))
            for i in range(count):
                self._step(seat, session, bars[i : i + 1])
            return
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, missing.last_ms, at_ms)
        record = RouteRecord(session.route, missing.last_ms, session.state, seat.spec.rule.sha256)
        why = f"{NoticeKind.SKIPPED_LATE}: {text}"
        self._store.commit_bar(record, [], skipped(session, missing.last_ms, why, at_ms), mark)
        seat.watermark_ms = missing.last_ms
        session.forget_inside()
        self._guard.keep(session, missing.last_ms)
        self.notice(Notice(NoticeKind.SKIPPED_LATE, session.route, text, count))

    def _look_for_gaps(self, seat: _Seat, session: Session) -> None:
        """Say when entries are barred by a gap in the warm-up, and when they are not any more."""
        if (count := session.missing) and not seat.barred:
            self.notice(Notice(NoticeKind.BARRED, session.route, f"{count} of the last {session.plan.warmup + 1}"))
        elif seat.barred and not count:
            self.notice(Notice(NoticeKind.ALLOWED, session.route, f"the last {session.plan.warmup + 1} are there"))
        seat.barred = count > 0

    def _step(self, seat: _Seat, session: Session, bar: Bars) -> None:
        bar_ms = int(bar.time[0])
        self._look_inside(seat, session)
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, bar_ms, at_ms)
        gone = self._undo(session, at_ms)
        last = None if seat.watching is None else seat.watching.take_last(bar_ms)
        outcome = self._guard.ask(session, session.step(bar, last), self._skew_ms(session))
        seat.watermark_ms = bar_ms
        self._keep(seat, session, outcome, gone, entry_of(session, outcome, gone, at_ms), mark)
        self._observer.stepped(session, outcome)
        self._look_for_gaps(seat, session)

    def _see(self, seat: _Seat, session: Session, bar_ms: int, candle: Bars) -> None:
        """Take a finer candle through, in the bar that opened at `bar_ms`."""
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, bar_ms, at_ms)
        gone = self._undo(session, at_ms)
        outcome = self._guard.ask(session, session.see(candle), self._skew_ms(session))
        self._keep(seat, session, outcome, gone, open_entry(session, bar_ms, outcome, gone, at_ms), mark)
        if outcome.decisions:
            self._observer.stepped(session, outcome)

    def _undo(self, session: Session, at_ms: int) -> list[Undone]:
        """Undo the entries of which there is nothing left; gives them."""
        return [one for one in undone(self._store, session, at_ms) if session.void_entry(one.opening.bar_ms)]

    def _keep(
        self,
        seat: _Seat,
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

    def _mark(self, seat: _Seat, session: Session, bar_ms: int, at_ms: int) -> JournalMark | None:
        """Give the journal's mark before a bar that begins a UTC day, and before anything in it."""
        if session.inside.last_ms is not None:
            return None
        before, day = seat.watermark_ms, bar_ms // DAY_MS
        standing = self._guard.keep(session, before)
        if day == before // DAY_MS:
            return None
        self._untidy.append(session.route)
        begun = replace(standing, day=day, day_equity=standing.begun(day))
        if before - seat.marked_ms < MONTH_MS:
            return day_mark(session, before, begun, at_ms)
        seat.marked_ms = before
        return start_mark(session, self._costs, before, begun, at_ms)


def _on_our_clock(row: Row, skew_ms: int) -> Row:
    """Give the row with its deadline, which follows from the exchange's time, in the time it is delivered by."""
    return row if row.deadline_ms is None else replace(row, deadline_ms=row.deadline_ms + skew_ms)


def _final(error: Exception) -> bool:
    """Tell whether asking the exchange again cannot help."""
    return isinstance(error, MarketDataError) and not isinstance(error, MarketDataUnavailableError)
