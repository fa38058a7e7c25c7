"""History into the candle cache: what is not there yet, page by page, kept as it comes."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from engine.adapters.candle_cache import CandleCache, Series, SeriesKey
from engine.app.patience import Patience, Persistence
from engine.errors import InvalidCandlesError, InvalidInputError, MarketDataError
from engine.market import Bars, Timeframe, faults
from engine.market.stretches import Stretch, gaps_in, together, union, without
from engine.ports import History

SETTLE_MS = 1_000  # some exchanges still change a candle in the first moments after its close
_DAY_MS = 86_400_000
_DEFAULT_MS = 365 * _DAY_MS
_GAPS_AT_ONCE = 500  # bars that one request for gaps spans at most
_LEAST_S, _SHARE = 1.0, 20  # a file is written anew so rarely that writing takes a 20th of the time


class Progress(Protocol):
    """Is told how far a fetch is."""

    def moved(self, done: int, total: int, at_ms: int) -> None:
        """So many of the bars to fetch have been asked for, up to this time."""
        ...

    def waiting(self, error: Exception, pause_s: float) -> None:
        """The exchange did not answer; it is asked again after a pause."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A series as it is kept now, and how many of its candles are new."""

    series: Series
    new: int


async def fetch(
    market: History,
    cache: CandleCache,
    key: SeriesKey,
    since_ms: int | None,
    until_ms: int | None,
    progress: Progress,
    patience: Patience | None = None,
) -> Fetched:
    """Fetch the candles that open from `since_ms` on and before `until_ms`, as far as they are closed and not cached.

    Without `since_ms` it goes on from what is cached, or begins a year back; without `until_ms` it ends now. What lies
    between this and what is cached is fetched too: a file has no holes but the exchange's own. Gaps are asked for a
    second time. Whatever ends this early, what has come is kept, and the next call goes on from there.

    Errors: MarketDataError, InvalidCandlesError, InvalidInputError, RefusedError, StoreError.
    """
    persistence = Persistence(patience or Patience(), progress.waiting)
    now_ms = await persistence.ask(market.now_ms) - SETTLE_MS
    instrument = await persistence.ask(lambda: market.instrument(key.symbol))
    with cache.writing(key):
        kept = cache.read(key) or Series(key, Bars.of(key.timeframe, []), instrument)
        wanted = _wanted(key, kept.asked, since_ms, until_ms, now_ms)
        work = _Work(market, cache, replace(kept, instrument=instrument), now_ms, progress, persistence)
        try:
            await work.fetch(without(wanted, kept.asked))
            await work.ask_for_gaps()
            work.done()
        finally:
            work.save()
    return Fetched(work.series, len(work.series.bars) - len(kept.bars))


def _wanted(
    key: SeriesKey, asked: tuple[Stretch, ...], since_ms: int | None, until_ms: int | None, now_ms: int
) -> Stretch:
    """Give the one stretch that is to be in the file in the end."""
    timeframe = key.timeframe
    end = timeframe.floor(now_ms)
    if until_ms is not None:
        end = min(end, _grid(timeframe, until_ms))
    start = asked[0].start_ms if asked else _grid(timeframe, end - _DEFAULT_MS)
    if since_ms is not None:
        start = _grid(timeframe, since_ms)
        if start >= end:
            raise InvalidInputError(f"{key}: no candle opens and closes in the period asked for; see --from and --to")
    whole = union([Stretch(start, max(start, end)), *asked])
    return Stretch(whole[0].start_ms, whole[-1].end_ms) if whole else Stretch(start, start)


def _grid(timeframe: Timeframe, time_ms: int) -> int:
    """Give the first open time at or after a moment, and 1970 at least."""
    opened = timeframe.floor(max(0, time_ms))
    return opened if opened == time_ms else timeframe.next(opened)


class _Work:
    """One series while it is fetched."""

    def __init__(
        self, market: History, cache: CandleCache, series: Series, now_ms: int, progress: Progress,
        persistence: Persistence,
    ) -> None:  # fmt: skip
        self.series = series
        self._market, self._cache, self._now_ms = market, cache, now_ms
        self._progress, self._persistence = progress, persistence
        self._asked = list(series.asked)
        self._pieces: list[Bars] = []  # come, and not in `series` yet
        self._newest_ms = int(series.bars.time[-1]) if len(series.bars) else None
        self._unsaved = False
        self._saved_at, self._pause_s = float("-inf"), _LEAST_S

    async def fetch(self, parts: list[Stretch]) -> None:
        """Fetch stretches of time one after another."""
        timeframe, before = self.series.key.timeframe, 0
        total = sum(part.bars_of(timeframe) for part in parts)
        for part in parts:
            at = part.start_ms
            while at < part.end_ms:
                self._progress.moved(before + Stretch(part.start_ms, at).bars_of(timeframe), total, at)
                try:
                    pages = self._market.history(self.series.key.symbol, timeframe, at, part.end_ms)
                    async with aclosing(pages):
                        async for page in pages:
                            at = page.next_ms
                            self._take(page.bars, Stretch(part.start_ms, at))
                            done = Stretch(part.start_ms, min(at, part.end_ms)).bars_of(timeframe)
                            self._progress.moved(before + done, total, at)
                            self._persistence.reset()
                            await asyncio.sleep(0)  # a market that never waits would let nobody stop it
                except (MarketDataError, InvalidCandlesError) as error:
                    await self._persistence.wait(error)
                    continue
                if at < part.end_ms:  # a market that had not begun by then may give no page at all
                    self._take(Bars.of(timeframe, []), part)
                    at = part.end_ms
            before += part.bars_of(timeframe)

    async def ask_for_gaps(self) -> None:
        """Ask a second time for what is missing; what comes now is taken, and the rest is believed to be missing."""
        self._join()
        key = self.series.key
        unknown = set(gaps_in(self.series.bars)) - set(self.series.gaps)
        for part in together(unknown, key.timeframe, _GAPS_AT_ONCE):
            again = await self._persistence.ask(
                partial(self._market.closed_bars, key.symbol, key.timeframe, part.start_ms, part.end_ms)
            )
            missing = ~np.isin(again.time, self.series.bars.time)
            if missing.any():
                self._pieces.append(Bars(key.timeframe, again.time[missing], *(c[missing] for c in again.columns())))

    def done(self) -> None:
        """Note that nothing is left to ask."""
        self._join()
        gaps = tuple(gaps_in(self.series.bars))
        self._unsaved |= gaps != self.series.gaps or not self.series.whole
        self.series = replace(self.series, gaps=gaps, whole=True)

    def save(self) -> None:
        """Write what has come. A series without any candle is not written."""
        if self._unsaved:
            self._join()
        if self._unsaved and len(self.series.bars):
            begun = time.monotonic()
            self._cache.write(self.series)
            self._saved_at = time.monotonic()
            self._pause_s = max(_LEAST_S, _SHARE * (self._saved_at - begun))
        self._unsaved = False

    def _take(self, bars: Bars, asked: Stretch) -> None:
        if len(bars):
            self._pieces.append(bars)
            self._newest_ms = max(self._newest_ms or 0, int(bars.time[-1]))
        # The newest candles may not be published yet: where none has come, it is asked for again next time.
        timeframe = self.series.key.timeframe
        sure = timeframe.floor(self._now_ms - _DAY_MS)
        if self._newest_ms is not None:
            sure = max(sure, timeframe.next(self._newest_ms))
        self._asked = union([*self._asked, Stretch(asked.start_ms, min(asked.end_ms, sure))])
        self.series = replace(self.series, whole=False)
        self._unsaved = True
        if time.monotonic() - self._saved_at >= self._pause_s:
            self.save()

    def _join(self) -> None:
        """Put what has come into the series. Errors: InvalidCandlesError."""
        key, bars = self.series.key, self.series.bars
        if self._pieces:
            table = [
                np.concatenate(columns) for columns in zip(*(_table(b) for b in [bars, *self._pieces]), strict=True)
            ]
            order = np.argsort(table[0], kind="stable")
            bars = Bars(key.timeframe, table[0][order].astype(np.int64), *(column[order] for column in table[1:]))
            found = faults(bars)
            if found:
                raise InvalidCandlesError(
                    f"{key}: {found[0].column} {found[0].message} (candle {found[0].row + 1}); these are not used"
                )
            self._pieces = []
        self.series = replace(self.series, bars=bars, asked=tuple(self._asked))


def _table(bars: Bars) -> tuple[np.ndarray, ...]:
    return bars.time, *bars.columns()
