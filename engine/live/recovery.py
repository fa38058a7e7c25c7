"""Starting is recovering: a route's state as it was kept, its window of candles, and what it missed."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decisions import Costs
from engine.errors import MarketDataUnavailableError, RefusedError, StoreError
from engine.live.asking import fetch_feeds, window
from engine.live.gaps import GapPolicy, filled
from engine.live.inside import Inside
from engine.live.journal import read_inside
from engine.live.routes import RouteSpec
from engine.live.session import Session
from engine.market import Bars
from engine.ports import MarketData, RouteRecord, Store


@dataclass(frozen=True, slots=True)
class Recovered:
    """A route that is ready: its session at the bar `watermark_ms`, what was kept of it, the bars that it missed."""

    session: Session
    watermark_ms: int
    record: RouteRecord | None
    missed: Bars


async def recover(
    spec: RouteSpec, market: MarketData, store: Store, costs: Costs, gaps: GapPolicy, now_ms: int
) -> Recovered:
    """Make a route ready. Errors: RefusedError where it can never run, MarketDataError, StoreError."""
    timeframe = spec.rule.timeframe
    kind = await market.kind(spec.symbol)
    if kind is not spec.rule.market:
        raise RefusedError(f"{spec.rule.name} is a {spec.rule.market} rule, and {spec.symbol} is a {kind} symbol")
    instrument = await market.instrument(spec.symbol)
    session = Session(spec.key, spec.connector, spec.rule, instrument, costs, spec.params, exchange=spec.exchange)
    record = store.route(spec.key)
    watermark = record.watermark_ms if record else timeframe.last_closed(now_ms)
    bars = await window(session, market, watermark, now_ms)
    if record is None and len(bars):
        watermark = int(bars.time[-1])  # the newest may not be published yet
    known = int((bars.time <= watermark).sum())
    history, since = bars[:known], timeframe.before(watermark, session.window - 1)
    if gaps is GapPolicy.FILL:
        history = filled(history)
    if len(history):
        since = min(since, int(history.time[max(0, len(history) - session.window)]))
    if record is not None and len(history) <= session.plan.warmup:
        # Not warm, it would leave an open position to itself, in silence.
        have = f"the exchange gave {len(history)} of the {session.plan.warmup + 1} candles that it needs to go on"
        raise MarketDataUnavailableError(f"{have}; it will be asked again")
    await fetch_feeds(session, market, since, now_ms)
    try:
        session.restore(history, record.state if record else None, _seen_inside(store, session, record))
    except ValueError as error:
        raise StoreError(f"{spec.key}: its state cannot be read: {error}") from None
    if record is not None and not session.warm:
        given = ", ".join(f"{len(candles)} of {feed}" for feed, candles in session.feeds.candles.items())
        raise MarketDataUnavailableError(f"the exchange gave {given}: too few to go on; it will be asked again")
    return Recovered(session, watermark, record, bars[known:])


def _seen_inside(store: Store, session: Session, record: RouteRecord | None) -> Inside | None:
    """Give what a former process saw of the bar that was open when it ended."""
    if record is None or session.watch is None:
        return None
    bar_ms = session.timeframe.next(record.watermark_ms)
    entries = store.journal(session.route, bar_ms, bar_ms + 1)
    return read_inside(entries[0], session.watch) if entries else None
