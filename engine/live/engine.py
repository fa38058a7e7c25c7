"""The engine while it runs: each tick asks the watermarks what is due, and takes every closed bar through.

The scheduler that calls `tick` is a doorbell: a ring that comes late, twice or never loses and doubles nothing, since
what is due follows from the watermark alone. Starting is recovering: a route without candles in memory reads its state,
fetches its window and steps what it missed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.decisions import Costs
from engine.delivery import Row, RowState
from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError, RefusedError, StoreError
from engine.live.session import Outcome, Session
from engine.market import Bars
from engine.ports import MarketData, RouteRecord, Store
from engine.rules import Rule

FIRST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_LATE_PAUSE_MS = 500, 30_000, 5_000


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """What a route is, before anything was asked of the exchange."""

    symbol: str
    connector: str
    rule: Rule
    params: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name under which its state is kept."""
        return f"{self.rule.name} {self.symbol} {self.rule.timeframe}"


class Observer(Protocol):
    """Is told what happens, for logs and progress."""

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        """A route has its candles and its state; `resumed` is what a former process kept of it."""
        ...

    def stepped(self, session: Session, outcome: Outcome) -> None:
        """A closed bar was processed and is durable."""
        ...

    def voided(self, session: Session, row: Row) -> None:
        """An entry whose message did not arrive was undone."""
        ...

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:
        """Candles could not be had; they will be asked for again after `pause_ms`."""
        ...


@dataclass
class _Seat:
    """A route's place in the engine; without a session it is not ready."""

    spec: RouteSpec
    session: Session | None = None
    watermark_ms: int = 0
    retry_at_ms: int = 0
    failures: int = 0

    def postpone(self, now_ms: int, longest_ms: int) -> int:
        """Let the route wait, longer each time, with jitter; gives how long in ms."""
        wished: int = FIRST_PAUSE_MS * 2**self.failures
        pause = round(min(longest_ms, wished) * random.uniform(0.5, 1))  # noqa: S311 - jitter
        self.failures = min(self.failures + 1, 10)
        self.retry_at_ms = now_ms + pause
        return pause


class LiveEngine:
    """Takes closed bars of all routes through plan and machine into the store. All I/O goes through the ports."""

    def __init__(
        self,
        routes: Sequence[RouteSpec],
        market: MarketData,
        store: Store,
        costs: Costs,
        observer: Observer,
        wake_delivery: Callable[[], None],
    ) -> None:
        """Hold the routes; nothing is asked of anyone before the first tick."""
        self._seats = [_Seat(spec) for spec in routes]
        self._market, self._store, self._costs = market, store, costs
        self._observer, self._wake_delivery = observer, wake_delivery

    @property
    def sessions(self) -> list[Session]:
        """The routes that are ready."""
        return [seat.session for seat in self._seats if seat.session is not None]

    async def tick(self) -> None:
        """Take every route as far as its closed bars go. Routes wait for the exchange together, not for each other.

        Errors: RefusedError where a route can never run; StoreError. What may pass by itself is reported and retried.
        """
        try:
            now_ms = await self._market.now_ms()
        except MarketDataError as error:
            self._observer.waiting("the exchange's time", error, 0)
            return
        await asyncio.gather(*(self._serve(seat, now_ms) for seat in self._seats if seat.retry_at_ms <= now_ms))

    async def _serve(self, seat: _Seat, now_ms: int) -> None:
        missed: Bars | None
        try:
            if seat.session is None:
                missed = await self._recover(seat, now_ms)
            else:
                missed = await self._due(seat, now_ms)
        except (MarketDataError, InvalidCandlesError) as error:
            final = isinstance(error, MarketDataError) and not isinstance(error, MarketDataUnavailableError)
            if final and seat.session is None:
                raise RefusedError(f"{seat.spec.key}: {error}") from error
            self._observer.waiting(seat.spec.key, error, seat.postpone(now_ms, LONGEST_PAUSE_MS))
            return
        if missed is None:
            # Published late, or a market in which nobody traded: asked again, more and more slowly.
            seat.postpone(now_ms, LONGEST_LATE_PAUSE_MS)
            return
        seat.failures = seat.retry_at_ms = 0
        for i in range(len(missed)):
            self._step(seat, missed[i : i + 1], now_ms)

    async def _due(self, seat: _Seat, now_ms: int) -> Bars | None:
        """Give the closed bars after the watermark, None where one should be there and is not.

        Asks nothing while none can have closed.
        """
        timeframe = seat.spec.rule.timeframe
        since = timeframe.next(seat.watermark_ms)
        if timeframe.next(since) > now_ms:
            return Bars.of(timeframe, [])
        return await self._market.closed_bars(seat.spec.symbol, timeframe, since, now_ms) or None

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
        since = timeframe.shift(watermark, 1 - session.window)
        bars = await self._market.closed_bars(spec.symbol, timeframe, since, now_ms)
        if record is None and len(bars):
            watermark = int(bars.time[-1])  # the newest may not be published yet
        known = int((bars.time <= watermark).sum())
        try:
            session.restore(bars[:known], record.state if record else None)
        except ValueError as error:
            raise StoreError(f"{spec.key}: its state cannot be read: {error}") from None
        seat.session, seat.watermark_ms = session, watermark
        if record is None:
            self._store.commit_bar(RouteRecord(spec.key, watermark, session.state, spec.rule.sha256), [])
        self._observer.ready(session, watermark, record)
        return bars[known:]

    def _step(self, seat: _Seat, bar: Bars, now_ms: int) -> None:
        session = seat.session
        assert session is not None  # noqa: S101 - only ready routes have bars to step
        opening = self._store.last_open(session.route)
        if opening is not None and _never_arrives(opening, now_ms) and session.void_entry(opening.bar_ms):
            self._observer.voided(session, opening)
        outcome = session.step(bar)
        watermark = int(bar.time[0])
        record = RouteRecord(session.route, watermark, session.state, seat.spec.rule.sha256)
        self._store.commit_bar(record, outcome.rows)
        seat.watermark_ms = watermark
        if outcome.rows:
            self._wake_delivery()
        self._observer.stepped(session, outcome)


def _never_arrives(row: Row, now_ms: int) -> bool:
    """Tell whether an opening was refused, or outlived its time unsent. UNKNOWN counts as arrived."""
    if row.state in (RowState.REJECTED, RowState.EXPIRED):
        return True
    late = row.deadline_ms is not None and now_ms > row.deadline_ms
    return row.state is RowState.PENDING and late and not row.maybe_arrived
