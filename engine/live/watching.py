"""The finer candles of a route with `watch`: which are fetched next, which lie in the open bar, which closes a bar."""

from __future__ import annotations

from collections.abc import Iterator

from engine.live.gaps import late_ms
from engine.live.session import Session
from engine.market import Bars, Timeframe


class Watching:
    """What has been fetched of them and not been stepped yet."""

    def __init__(self, session: Session, watch: Timeframe) -> None:
        """Begin with none."""
        self._session, self._watch = session, watch
        self._waiting = Bars.of(watch, [])

    def since_ms(self, watermark_ms: int) -> int:
        """Give the open time of the next candle to be fetched."""
        open_ms, newest_ms = self._session.timeframe.next(watermark_ms), self._newest_ms
        return open_ms if newest_ms is None else max(open_ms, self._watch.next(newest_ms))

    def add(self, candles: Bars) -> None:
        """Take newly fetched candles."""
        self._waiting = self._waiting.then(candles)

    def take_inside(self, bar_ms: int) -> Iterator[Bars]:
        """Give, one by one, the candles in the bar that opens then which do not close it; older ones are dropped."""
        closes_ms = self._session.timeframe.next(bar_ms)
        while len(self._waiting) and int(self._waiting[:1].closes_ms[0]) < closes_ms:
            candle, self._waiting = self._waiting[:1], self._waiting[1:]
            if int(candle.time[0]) >= bar_ms:
                yield candle

    def take_last(self, bar_ms: int) -> Bars | None:
        """Give the candle that closes with the bar that opens then; None where it did not come."""
        closes_ms = self._session.timeframe.next(bar_ms)
        if not len(self._waiting) or int(self._waiting[:1].closes_ms[0]) != closes_ms:
            return None
        candle, self._waiting = self._waiting[:1], self._waiting[1:]
        return candle

    def waits_for_last(self, bar_ms: int, now_ms: int) -> bool:
        """Tell whether the candle that closes with a closed bar may still come."""
        closes_ms, newest_ms = self._session.timeframe.next(bar_ms), self._newest_ms
        came = newest_ms is not None and self._watch.next(newest_ms) >= closes_ms
        return not came and now_ms < closes_ms + late_ms(self._watch)

    def waits(self, watermark_ms: int, now_ms: int) -> bool:
        """Tell whether a candle that has closed has not come yet."""
        return self._watch.next(self.since_ms(watermark_ms)) <= now_ms

    @property
    def _newest_ms(self) -> int | None:
        return int(self._waiting.time[-1]) if len(self._waiting) else self._session.inside.last_ms
