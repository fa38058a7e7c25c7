"""What a route asks an exchange for: its window, closed bars, finer candles, those of other symbols."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import InvalidCandlesError
from engine.live.revisions import LOOKED_AT_AGAIN
from engine.live.seat import Seat
from engine.live.session import Session
from engine.market import Bars
from engine.ports import MarketData, Notice

MOST_SPARSE = 8  # how many times as far back as the window candles are looked for
OnNotice = Callable[[Notice | None], None]


async def window(session: Session, market: MarketData, watermark: int, now_ms: int) -> Bars:
    """Fetch a route's candles; of a market that often rests, from further back, until there are enough."""
    timeframe, span = session.timeframe, session.window - 1
    while True:
        since = timeframe.before(watermark, span)
        bars = await market.closed_bars(session.symbol, timeframe, since, now_ms)
        known = int((bars.time <= watermark).sum())
        # Nothing in the older half: it begins there.
        begun = not known or int(bars.time[0]) > timeframe.shift(since, span // 2)
        if known > session.plan.warmup or begun or since == 0 or span > MOST_SPARSE * session.window:
            return bars
        span *= 2


async def due(seat: Seat, market: MarketData, now_ms: int, notice: OnNotice) -> Bars:
    """Give the closed bars after the watermark that have come. Asks nothing while none can have closed."""
    spec, session, timeframe = seat.spec, seat.session, seat.spec.rule.timeframe
    since = timeframe.next(seat.watermark_ms)
    if session is None or timeframe.next(since) > now_ms:
        return Bars.of(timeframe, [])
    again = timeframe.before(since, LOOKED_AT_AGAIN)
    try:
        bars = await market.closed_bars(spec.symbol, timeframe, again, now_ms)
    except InvalidCandlesError:  # what is past must not keep what is new away
        bars = await market.closed_bars(spec.symbol, timeframe, since, now_ms)
    known = int(bars.time.searchsorted(since))
    for revised in seat.revisions.look(session.bars, bars[:known]):
        notice(revised)
    if len(bars) > known:
        await fetch_feeds(session, market, since, now_ms)
    return bars[known:]


async def fetch_finer(seat: Seat, market: MarketData, now_ms: int) -> None:
    """Fetch the candles of `watch` that have closed."""
    if seat.watching is None or seat.session is None or seat.session.watch is None:
        return
    if seat.watching.waits(seat.watermark_ms, now_ms):
        since, watch = seat.watching.since_ms(seat.watermark_ms), seat.session.watch
        seat.watching.add(await market.closed_bars(seat.spec.symbol, watch, since, now_ms))


async def fetch_feeds(session: Session, market: MarketData, own_since_ms: int, now_ms: int) -> None:
    """Fetch what has closed of the other candles that a route looks at."""
    # One after the other: of several at once, those that outlive the failure of one would be fetched twice.
    for feed in tuple(session.feeds.candles):
        since, symbol = session.feeds.since_ms(feed, own_since_ms), feed.symbol or session.symbol
        if feed.timeframe.next(since) <= now_ms:
            session.feeds.add(feed, await market.closed_bars(symbol, feed.timeframe, since, now_ms))
