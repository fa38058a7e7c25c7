"""The engine while it runs: each tick asks the watermarks what is due, and takes every closed bar through.

The scheduler that calls `tick` is a doorbell: a ring that comes late, twice or never loses and doubles nothing, since
what is due follows from the watermark alone. Starting is recovering: a route without candles in memory reads its state,
fetches its window and steps what it missed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from engine.decisions import Costs
from engine.delivery import Row, RowState
from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError, RefusedError, StoreError
from engine.live.book import DAY_MS
from engine.live.guard import Guard
from engine.live.journal import day_mark, entry_of, start_mark
from engine.live.routes import RouteSpec
from engine.live.safety import Limits
from engine.live.session import Outcome, Session
from engine.market import Bars
from engine.ports import Clock, JournalMark, MarketData, RouteRecord, Store

MONTH_MS = 30 * DAY_MS
KEPT_MS = 90 * DAY_MS
FIRST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_LATE_PAUSE_MS = 500, 30_000, 5_000


class Observer(Protocol):
    """Is told what happens, for logs and progress."""

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        """A route has its candles and its state; `resumed` is what a former process kept of it."""
        ...

    def stepped(self, session: Session, outcome: Outcome) -> None:
        """A closed bar was processed and is durable."""
        ...

    def voided(self, session: Session, row: Row) -> None:
        """An entry was undone: its message, `row`, did not arrive; or the close `row` was sent by hand."""
        ...

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:
        """Candles could not be had; they will be asked for again after `pause_ms`. With 0, it went on without one."""
        ...


@dataclass
class _Patience:
    """When to ask again for what could not be had."""

    retry_at_ms: int = 0
    failures: int = 0

    def reset(self) -> None:
        """Begin anew: it could be had."""
        self.retry_at_ms = self.failures = 0

    def postpone(self, now_ms: int, longest_ms: int) -> int:
        """Wait, longer each time, with jitter; gives how long in ms."""
        wished: int = FIRST_PAUSE_MS * 2**self.failures
        pause = round(min(longest_ms, wished) * random.uniform(0.5, 1))  # noqa: S311 - jitter
        self.failures = min(self.failures + 1, 10)
        self.retry_at_ms = now_ms + pause
        return pause


@dataclass
class _Seat(_Patience):
    """A route's place in the engine; without a session it is not ready."""

    spec: RouteSpec = field(kw_only=True)
    session: Session | None = None
    watermark_ms: int = 0
    marked_ms: int = 0


class LiveEngine:
    """Takes closed bars of all routes through plan and machine into the store. All I/O goes through the ports."""

    def __init__(
        self,
        routes: Sequence[RouteSpec],
        market: MarketData,
        store: Store,
        costs: Costs,
        clock: Clock,
        observer: Observer,
        wake_delivery: Callable[[], None],
        settle_ms: int = 0,
        *,
        guard: Guard | None = None,
        kept_ms: int = KEPT_MS,
    ) -> None:
        """Hold the routes; nothing is asked of anyone before the first tick.

        `clock` is the one by which messages are delivered; candles are due by the exchange's, `settle_ms` after their
        close: some exchanges still change them in the first moments. `guard` is asked about every entry. The
        journal keeps `kept_ms`, and up to a month more.
        """
        self._settle_ms, self._skew_ms, self._kept_ms = settle_ms, 0, kept_ms
        self._untidy: deque[str] = deque()
        self._seats = [_Seat(spec=spec) for spec in routes]
        self._time = _Patience()
        self._market, self._store, self._costs, self._clock = market, store, costs, clock
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

        Errors: RefusedError where a route can never run; StoreError. What may pass by itself is reported and retried.
        """
        if self._time.retry_at_ms > self._clock.now_ms():
            return
        try:
            now_ms = await self._market.now_ms()
        except MarketDataError as error:
            if _final(error) and not self.sessions:
                raise RefusedError(str(error)) from error
            pause_ms = self._time.postpone(self._clock.now_ms(), LONGEST_PAUSE_MS)
            self._observer.waiting("the exchange's time", error, pause_ms)
            return
        self._time.reset()
        self._skew_ms = self._clock.now_ms() - now_ms
        settled_ms = now_ms - self._settle_ms
        due = [seat for seat in self._seats if seat.retry_at_ms <= settled_ms]
        await asyncio.gather(*(self._serve(seat, settled_ms) for seat in due))
        self._tidy()

    def _tidy(self) -> None:
        """Pack a little of the journal: one stretch of one route a tick, so that no candle waits for it."""
        if self._untidy:
            route = self._untidy.popleft()
            if self._store.tidy_journal(route, self._clock.now_ms() - self._kept_ms):
                self._untidy.append(route)

    async def _serve(self, seat: _Seat, now_ms: int) -> None:
        missed: Bars | None
        try:
            if seat.session is None:
                missed = await self._recover(seat, now_ms)
            else:
                missed = await self._due(seat, now_ms)
        except (MarketDataError, InvalidCandlesError) as error:
            if _final(error) and seat.session is None:
                raise RefusedError(f"{seat.spec.key}: {error}") from error
            self._observer.waiting(seat.spec.key, error, seat.postpone(now_ms, LONGEST_PAUSE_MS))
            return
        if missed is None:
            # Published late, or a market in which nobody traded: asked again, more and more slowly.
            seat.postpone(now_ms, LONGEST_LATE_PAUSE_MS)
            return
        seat.reset()
        for i in range(len(missed)):
            self._step(seat, missed[i : i + 1])

    async def _due(self, seat: _Seat, now_ms: int) -> Bars | None:
        """Give the closed bars after the watermark, None where one should be there and is not.

        Asks nothing while none can have closed.
        """
        timeframe = seat.spec.rule.timeframe
        since = timeframe.next(seat.watermark_ms)
        if timeframe.next(since) > now_ms:
            return Bars.of(timeframe, [])
        bars = await self._market.closed_bars(seat.spec.symbol, timeframe, since, now_ms)
        session = seat.session
        if session is None or not len(bars):
            return None
        await self._fetch_feeds(session, since, now_ms)
        return self._decidable(session, bars, now_ms) or None

    async def _fetch_feeds(self, session: Session, own_since_ms: int, now_ms: int) -> None:
        """Fetch what has closed of the other candles that a route looks at."""
        # One after the other: of several at once, those that outlive the failure of one would be fetched twice.
        for feed in tuple(session.feeds.candles):
            since, symbol = session.feeds.since_ms(feed, own_since_ms), feed.symbol or session.symbol
            if feed.timeframe.next(since) <= now_ms:
                session.feeds.add(feed, await self._market.closed_bars(symbol, feed.timeframe, since, now_ms))

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
        kind = await self._market.kind(spec.symbol)
        if kind is not spec.rule.market:
            raise RefusedError(f"{spec.rule.name} is a {spec.rule.market} rule, and {spec.symbol} is a {kind} symbol")
        instrument = await self._market.instrument(spec.symbol)
        session = Session(spec.key, spec.connector, spec.rule, instrument, self._costs, spec.params)
        record = self._store.route(spec.key)
        watermark = record.watermark_ms if record else timeframe.last_closed(now_ms)
        since = timeframe.before(watermark, session.window - 1)
        bars = await self._market.closed_bars(spec.symbol, timeframe, since, now_ms)
        if record is None and len(bars):
            watermark = int(bars.time[-1])  # the newest may not be published yet
        known = int((bars.time <= watermark).sum())
        if record is not None and known <= session.plan.warmup:
            # Not warm, it would leave an open position to itself, in silence.
            have = f"the exchange gave {known} of the {session.plan.warmup + 1} candles that it needs to go on"
            raise MarketDataUnavailableError(f"{have}; it will be asked again")
        await self._fetch_feeds(session, since, now_ms)
        try:
            session.restore(bars[:known], record.state if record else None)
        except ValueError as error:
            raise StoreError(f"{spec.key}: its state cannot be read: {error}") from None
        if record is not None and not session.warm:
            given = ", ".join(f"{len(candles)} of {feed}" for feed, candles in session.feeds.candles.items())
            raise MarketDataUnavailableError(f"the exchange gave {given}: too few to go on; it will be asked again")
        seat.session, seat.watermark_ms = session, watermark
        standing, at_ms = self._guard.keep(session, watermark), self._clock.now_ms()
        mark = start_mark(session, self._costs, watermark, standing, at_ms)
        sha256 = spec.rule.sha256 if record is None else record.rule_sha256  # the rule's that decided the last bar
        self._store.commit_bar(RouteRecord(spec.key, watermark, session.state, sha256), [], mark=mark)
        seat.marked_ms = watermark
        self._untidy.append(spec.key)
        self._observer.ready(session, watermark, record)
        return self._decidable(session, bars[known:], now_ms)

    def _step(self, seat: _Seat, bar: Bars) -> None:
        session = seat.session
        assert session is not None  # noqa: S101 - only ready routes have bars to step
        at_ms = self._clock.now_ms()
        mark = self._mark(seat, session, int(bar.time[0]), at_ms)
        undone = self._undone(session)
        if undone is not None and not session.void_entry(undone[0].bar_ms):
            undone = None
        outcome = self._guard.ask(session, session.step(bar), self._skew_ms)
        watermark = int(bar.time[0])
        record = RouteRecord(session.route, watermark, session.state, seat.spec.rule.sha256)
        rows = [_on_our_clock(row, self._skew_ms) for row in outcome.rows]
        self._store.commit_bar(record, rows, entry_of(session, outcome, undone, at_ms), mark)
        seat.watermark_ms = watermark
        self._guard.keep(session, watermark)
        if outcome.rows:
            self._wake_delivery()
        if undone is not None:
            self._observer.voided(session, undone[1])
        self._observer.stepped(session, outcome)

    def _mark(self, seat: _Seat, session: Session, bar_ms: int, at_ms: int) -> JournalMark | None:
        """Give the journal's mark before a bar that begins a UTC day."""
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

    def _undone(self, session: Session) -> tuple[Row, Row] | None:
        """Give the route's last opening where there is nothing left of it, and the row that says so.

        Either it was not executed, or a person has closed what it opened.
        """
        opening = self._settled_opening(session.route)
        if opening is not None:
            return opening, opening
        last = self._store.last_open(session.route)
        closes = [] if last is None else self._store.closed_by_hand(session.route, last)
        matching = [row for row in closes if session.closes(json.loads(row.body))]
        return None if last is None or not matching else (last, matching[0])

    def _settled_opening(self, route: str) -> Row | None:
        """Give the route's last opening where it is certain that it was not and will not be executed.

        What is still unsent after its lifetime is expired here, in the store, before it is undone: the delivery, which
        looks at the same row at the same time, can then no longer send it. UNKNOWN counts as executed.
        """
        row = self._store.last_open(route)
        now_ms = self._clock.now_ms()
        if row is not None and row.state is RowState.PENDING and not row.maybe_arrived:
            late = row.deadline_ms is not None and now_ms > row.deadline_ms
            if late and self._store.resolve(row, RowState.EXPIRED, "its lifetime ended before it was sent", now_ms):
                return row
            row = self._store.last_open(route)
        return row if row is not None and row.state in (RowState.REJECTED, RowState.EXPIRED) else None


def _on_our_clock(row: Row, skew_ms: int) -> Row:
    """Give the row with its deadline, which follows from the exchange's time, in the time it is delivered by."""
    return row if row.deadline_ms is None else replace(row, deadline_ms=row.deadline_ms + skew_ms)


def _final(error: Exception) -> bool:
    """Tell whether asking the exchange again cannot help."""
    return isinstance(error, MarketDataError) and not isinstance(error, MarketDataUnavailableError)
