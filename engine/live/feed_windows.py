"""The candles of other symbols and timeframes that one route looks at while it runs. No I/O."""

from __future__ import annotations

from engine.market import Bars, Timeframe
from engine.market.feed import Feed
from engine.rules import Plan

LONGEST_WAIT_MS = 60_000


class FeedWindows:
    """For each feed that a plan does not make out of the route's own candles, a window of what has been fetched."""

    def __init__(self, plan: Plan) -> None:
        """Start without candles."""
        # Twice the warm-up, as of the own candles: so what a restart begins with is forgotten to the last digit.
        self._kept = {feed: 2 * plan.feeds[feed].warmup + 2 for feed in plan.fetched}
        self.candles = {feed: Bars.of(feed.timeframe, []) for feed in plan.fetched}
        self._fresh: dict[Feed, Bars] = {}

    def since_ms(self, feed: Feed, own_since_ms: int) -> int:
        """Give from when on a feed's candles are to be fetched: after the newest known.

        At first from so early that they are warm at the first of the own candles, which opens at `own_since_ms`.
        """
        known = self.candles[feed]
        if len(known):
            return feed.timeframe.next(int(known.time[-1]))
        return feed.timeframe.before(own_since_ms, self._kept[feed])

    def add(self, feed: Feed, later: Bars) -> None:
        """Take newly fetched candles."""
        self.candles[feed] = self.candles[feed].then(later)
        self._fresh[feed] = self._fresh[feed].then(later) if feed in self._fresh else later

    def take_fresh(self) -> dict[Feed, Bars]:
        """Give what was added since this was asked last."""
        fresh, self._fresh = self._fresh, {}
        return {feed: candles for feed, candles in fresh.items() if len(candles)}

    def forget_before(self, own: Bars) -> None:
        """Let go of what no bar of the own window needs any more."""
        if not len(own):
            return
        for feed, candles in self.candles.items():
            first = int(candles.time.searchsorted(feed.timeframe.floor(int(own.time[0])))) - self._kept[feed]
            self.candles[feed] = candles[max(0, first) :]

    def missing(self, closed_ms: int) -> dict[Feed, int]:
        """Give the feeds whose last candle before that moment is not there, nor a later one; and when it closed."""
        found: dict[Feed, int] = {}
        for feed, candles in self.candles.items():
            expected = feed.timeframe.last_closed(closed_ms)
            if not len(candles) or int(candles.time[-1]) < expected:
                found[feed] = feed.timeframe.next(expected)
        return found

    def ready(self, own: Bars, now_ms: int) -> int:
        """Give how many of the own bars can be decided on: up to the first for which a candle is still waited for.

        A candle that has not come a minute after its close (or one own bar, if that is less) is no longer waited for:
        nobody traded, and the one before it still holds.
        """
        longest_ms = longest_wait_ms(own.timeframe)
        for i, closed_ms in enumerate(own.closes_ms):
            if any(now_ms < due_ms + longest_ms for due_ms in self.missing(int(closed_ms)).values()):
                return i
        return len(own)


def longest_wait_ms(timeframe: Timeframe) -> int:
    """Give how long after its close a feed's candle is waited for by a rule on such bars."""
    return min(LONGEST_WAIT_MS, timeframe.length_ms)
