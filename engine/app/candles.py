"""The candles that a run definition names: as they are read, as the rule decides on them, and of other symbols."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from engine.app.candle_files import candles_of, is_cached, same_exchange
from engine.backtest import RunDefinition
from engine.errors import InvalidInputError
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.resample import resample
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Plan, Rule

SAMPLE = "sample"
_SAMPLE_BARS = 366 * 24  # the sample market's first year, in hours
SAMPLE_SYMBOLS = {MarketKind.FUTURES: "BTC/USDT:USDT", MarketKind.SPOT: "BTC/USDT"}


def candles_for(definition: RunDefinition, rule: Rule) -> tuple[Bars, Bars, Instrument]:
    """Give the candles as they are read, those that the rule decides on in the period asked for, and the instrument.

    Errors: InvalidInputError and its kinds.
    """
    timeframe = _timeframe(definition, rule)
    if definition.data == SAMPLE:
        symbol = definition.symbol or SAMPLE_SYMBOLS[rule.market]
        instrument, read = sample_instrument(symbol), _sample(definition, symbol, timeframe)
    else:
        read, known = candles_of(definition.data, [timeframe])
        if definition.more:
            parts = [(definition.data, read), *((name, candles_of(name, [timeframe])[0]) for name in definition.more)]
            read = put_together(parts)
        instrument = Instrument(definition.symbol or known.symbol, known.tick, known.lot)
    bars = between(joined(read, timeframe, definition.data), definition)
    lot = definition.lot or instrument.lot or Decimal(0)
    return read, bars, Instrument(instrument.symbol, definition.tick or instrument.tick, lot)


def finer_for(definition: RunDefinition, rule: Rule, read: Bars, bars: Bars) -> Bars | None:
    """Give the finer candles on which the rule's orders are watched; None where it has no `watch`.

    Where none are named, they are made out of those that were read. Errors: InvalidInputError where those are too long.
    """
    watch = rule.terms.watch
    if watch is None:
        if definition.finer is not None:
            raise InvalidInputError(
                f"{definition.finer}: {definition.strategy} has no use for finer candles; say there which, such as "
                "watch: 1m"
            )
        return None
    if definition.finer is not None:
        return joined(candles_of(definition.finer, [watch])[0], watch, definition.finer)
    if definition.data == SAMPLE and bars.timeframe.consists_of(watch):
        symbol, start = definition.symbol or SAMPLE_SYMBOLS[rule.market], int(bars.time[0])
        return sample_bars(symbol, watch, start, (int(bars.closes_ms[-1]) - start) // watch.length_ms)
    if not watch.consists_of(read.timeframe):
        raise InvalidInputError(
            f"{definition.data} holds {read.timeframe} candles, and {definition.strategy} watches {watch} candles; "
            "give those too: --finer FILE (in a run definition, finer:)"
        )
    return joined(read, watch, definition.data)


def others_for(definition: RunDefinition, plan: Plan, bars: Bars, own: str) -> dict[str, Bars]:
    """Give the candles of the other symbols that a plan for `bars` of the symbol `own` looks at, by symbol.

    Of cached candles, those of other symbols are looked for in the cache too. The sample market has all of them, early
    enough for them to be warm. Errors: InvalidInputError.
    """
    files = dict(definition.feeds)
    if is_cached(definition.data):
        needed = {feed.symbol for feed in plan.fetched if feed.symbol and feed.symbol not in files}
        files |= {symbol: same_exchange(definition.data, symbol) for symbol in needed}
    given = {
        symbol: candles_of(file, [feed.timeframe for feed in plan.fetched if (feed.symbol or own) == symbol])[0]
        for symbol, file in files.items()
    }
    if definition.data != SAMPLE:
        return given
    starts: dict[str, int] = {}
    for feed in plan.fetched:
        first = feed.timeframe.before(int(bars.time[0]), plan.feeds[feed].warmup + 1)
        symbol = feed.symbol or own
        starts[symbol] = max(SAMPLE_START_MS, min(first, starts.get(symbol, first)))
    length_ms, end = bars.timeframe.length_ms, int(bars.time[-1])
    made = {s: sample_bars(s, bars.timeframe, first, (end - first) // length_ms + 1) for s, first in starts.items()}
    return made | given


def utc_text(time_ms: int) -> str:
    """Write a time (ms UTC) as people read it."""
    return f"{datetime.fromtimestamp(int(time_ms) / 1000, UTC):%Y-%m-%d %H:%M}"


def _timeframe(definition: RunDefinition, rule: Rule) -> Timeframe:
    if definition.timeframe is None:
        return rule.timeframe
    try:
        return Timeframe.parse(definition.timeframe)
    except ValueError as error:
        raise InvalidInputError(f"timeframe: {error}") from None


def _sample(definition: RunDefinition, symbol: str, timeframe: Timeframe) -> Bars:
    start = max(SAMPLE_START_MS, definition.start if definition.start is not None else SAMPLE_START_MS)
    end = definition.end if definition.end is not None else start + _SAMPLE_BARS * 3_600_000
    count = max(0, -(-(end - start) // timeframe.length_ms))
    return sample_bars(symbol, timeframe, start, count)


def joined(bars: Bars, timeframe: Timeframe, name: str) -> Bars:
    """Give candles of `timeframe`, made out of finer ones where they are. Errors: InvalidInputError, naming `name`."""
    if bars.timeframe == timeframe:
        return bars
    try:
        return resample(bars, timeframe)
    except ValueError:
        raise InvalidInputError(
            f"{name} holds {bars.timeframe} candles, and the rule decides on {timeframe} candles, which cannot be made "
            f"of them; give finer ones, or --timeframe {bars.timeframe} to decide on these"
        ) from None


def put_together(parts: Iterable[tuple[str, Bars]]) -> Bars:
    """Give candles of several files, named, as one, in order of time. Errors: InvalidInputError where they overlap."""
    (first, bars), *rest = sorted(parts, key=lambda part: int(part[1].time[0]))
    for name, later in rest:
        if later.timeframe != bars.timeframe:
            raise InvalidInputError(f"{name} holds {later.timeframe} candles, and {first} {bars.timeframe} candles")
        if int(later.time[0]) <= int(bars.time[-1]):
            raise InvalidInputError(
                f"{name}: it begins at {utc_text(later.time[0])} UTC, and the candles before it go on to "
                f"{utc_text(bars.time[-1])}; give files that follow each other, and remove what both have"
            )
        bars = bars.then(later)
    return bars


def between(bars: Bars, definition: RunDefinition) -> Bars:
    """Give the candles of the period."""
    first = 0 if definition.start is None else int(bars.time.searchsorted(definition.start))
    last = len(bars) if definition.end is None else int(bars.time.searchsorted(definition.end))
    return bars[first:last]
