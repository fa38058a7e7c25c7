"""The engine while it runs: each tick asks the watermarks what is due, and takes every closed bar through.

The scheduler that calls `tick` is a doorbell: a ring that comes late, twice or never loses and doubles nothing, since
what is due follows from the watermark alone. Starting is recovering: a route without candles in memory reads its state,
fetches its window and steps what it missed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from engine.decisions import Costs
from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError, RefusedError
from engine.live.asking import due, fetch_finer
from engine.live.book import DAY_MS
from engine.live.clock_watch import ClockWatch
from engine.live.gaps import GapPolicy, Missing, pieces
from engine.live.guard import Guard
from engine.live.health import Health
from engine.live.observer import Observer
from engine.live.patience import LONGEST_LATE_PAUSE_MS, LONGEST_PAUSE_MS
from engine.live.recovery import recover
from engine.live.routes import RouteSpec
from engine.live.safety import Limits
from engine.live.seat import Seat
from engine.live.session import Session
from engine.live.stepper import Stepper
from engine.live.tasks import Tasks
from engine.live.venue import Venue
from engine.market import Bars
from engine.ports import Clock, MarketData, Notice, NoticeKind, Store

KEPT_MS = 90 * DAY_MS
LONGEST_TICK_S = 1.0
STEPPED_AT_ONCE = 10


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
        self.health = Health()
        self._venues = {name: Venue(name, market) for name, market in markets.items()}
        self._timeframes = {name: _timeframes(routes, name) for name in markets}
        self._visits, self._serving = Tasks(), Tasks()
        self._seats = [Seat(spec=spec) for spec in routes]
        self._store, self._costs, self._clock, self._observer = store, costs, clock, observer
        guard = guard or Guard(Limits(), store, clock, routes)
        self._stepper = Stepper(
            store, guard, costs, clock, self._venues, observer, self.notice, wake_delivery=wake_delivery, gaps=gaps
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
        self._stepper.tidy(self._kept_ms)

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
        self.health.hear(self._timeframes[venue.name], self._clock.now_ms())
        venue.skew_ms = self._clock.now_ms() - now_ms
        self.notice(venue.watch.measure(venue.skew_ms))
        settled_ms = now_ms - self._settle_ms
        for seat in self._seats:
            due = seat.retry_at_ms <= settled_ms and not seat.rests(settled_ms)
            if due and seat.spec.exchange == venue.name:
                self._serving.begin(seat.spec.key, partial(self._serve, seat, settled_ms))

    def notice(self, notice: Notice | None) -> None:
        """Count what was noticed, and tell it."""
        if notice is not None:
            self.counts[notice.kind] += max(1, notice.bars)
            self.health.take(notice, self._clock.now_ms())
            self._observer.noticed(notice)

    async def _serve(self, seat: Seat, now_ms: int) -> None:
        try:
            session, came = await self._come(seat, now_ms)
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
        if await self._process(seat, session, came, now_ms):
            seat.reset()
            return
        # Published late, or a market in which nobody traded: asked again, more and more slowly.
        if seat.watermark_ms != before_ms:
            seat.reset()
        seat.postpone(now_ms, LONGEST_LATE_PAUSE_MS)

    async def _come(self, seat: Seat, now_ms: int) -> tuple[Session, Bars]:
        """Give the route, ready, and the bars closed since the watermark, those that a start finds missed included."""
        market = self._venues[seat.spec.exchange].market
        if seat.session is None:
            recovered = await recover(seat.spec, market, self._store, self._costs, self._gaps, now_ms)
            self._stepper.begin(seat, recovered)
            session, came = recovered.session, recovered.missed
        else:
            session, came = seat.session, await due(seat, market, now_ms, self.notice)
        await fetch_finer(seat, market, now_ms)
        return session, came

    async def _process(self, seat: Seat, session: Session, came: Bars, now_ms: int) -> bool:
        """Step what came, and give up what will not come; gives whether nothing is waited for."""
        timeframe = seat.spec.rule.timeframe
        for piece in pieces(came, timeframe.next(seat.watermark_ms), now_ms):
            if isinstance(piece, Missing):
                self._stepper.give_up(seat, session, piece)
                continue
            decidable = self._decidable(session, piece, now_ms)
            for i in range(len(decidable)):
                bar = decidable[i : i + 1]
                if seat.watching is not None and seat.watching.waits_for_last(int(bar.time[0]), now_ms):
                    self._stepper.look_inside(seat, session)
                    return False
                self._stepper.step(seat, session, bar)
                if i % STEPPED_AT_ONCE == STEPPED_AT_ONCE - 1:
                    await asyncio.sleep(0)  # others' candles are not to wait for a route that catches up
            if len(decidable) < len(piece):
                return False
        self._stepper.look_inside(seat, session)
        finer_waits = seat.watching is not None and seat.watching.waits(seat.watermark_ms, now_ms)
        return seat.watermark_ms >= timeframe.last_closed(now_ms) and not finer_waits

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


def _timeframes(routes: Sequence[RouteSpec], exchange: str) -> list[str]:
    """Name the timeframes of an exchange's routes, with its name where it has one."""
    lengths = {route.rule.timeframe for route in routes if route.exchange == exchange}
    return [f"{timeframe} {exchange}".rstrip() for timeframe in sorted(lengths, key=lambda one: one.length_ms)]


def _final(error: Exception) -> bool:
    """Tell whether asking the exchange again cannot help."""
    return isinstance(error, MarketDataError) and not isinstance(error, MarketDataUnavailableError)
