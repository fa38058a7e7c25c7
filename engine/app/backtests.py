"""Backtests, from files to results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from engine.app.candle_files import beside, candles_of, is_cached, same_exchange
from engine.backtest import Result, RunDefinition, backtest
from engine.documents import Source, parse_on, validate
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.resample import resample
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Plan, Rule, read_rule_file

SAMPLE = "sample"
_SAMPLE_BARS = 366 * 24  # the sample market's first year, in hours
SAMPLE_SYMBOLS = {MarketKind.FUTURES: "BTC/USDT:USDT", MarketKind.SPOT: "BTC/USDT"}


def definition_in(path: Path) -> RunDefinition | None:
    """Read a run definition; None where the file is something else (a rule file). Errors: InvalidDocumentError."""
    try:
        source = Source(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    root, problems = parse_on(source)
    if "strategy" not in root.entries:
        return None
    if problems:
        raise InvalidDocumentError(problems)
    found = validate(root, RunDefinition, source)
    data = found.data if found.data == SAMPLE else beside(path.parent, found.data)
    feeds = {symbol: beside(path.parent, file) for symbol, file in found.feeds.items()}
    return found.model_copy(update={"strategy": str(path.parent / found.strategy), "data": data, "feeds": feeds})


def definition_for(path: Path, given: Mapping[str, object]) -> RunDefinition:
    """Give the run definition that a rule file and some options make. Errors: InvalidInputError naming the option."""
    try:
        return RunDefinition.model_validate({**given, "strategy": str(path)})
    except ValidationError as error:
        lines = (f"{_option(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
        raise InvalidInputError("\n".join(lines)) from None


def _option(place: tuple[int | str, ...]) -> str:
    """Give the command line's name of a field: ("costs", "commission_percent") is --commission."""
    return "--" + str(place[-1]).removesuffix("_percent").removesuffix("_ticks")


def run_backtest(definition: RunDefinition) -> Result:
    """Read the rule and the candles, and backtest. Errors: InvalidInputError and its kinds."""
    rule = read_rule_file(definition.strategy)
    read, bars, instrument = candles_for(definition, rule)
    plan = rule.plan(definition.params, timeframe=bars.timeframe, symbol=instrument.symbol)
    _check_enough(rule, plan, read, bars, definition)
    others = others_for(definition, plan, bars, instrument.symbol)
    return backtest(rule, bars, instrument, definition.costs.costs(), definition.params, others=others)


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
        instrument = Instrument(definition.symbol or known.symbol, known.tick, known.lot)
    bars = _between(joined(read, timeframe, definition.data), definition)
    lot = definition.lot or instrument.lot or Decimal(0)
    return read, bars, Instrument(instrument.symbol, definition.tick or instrument.tick, lot)


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


def _check_enough(rule: Rule, plan: Plan, read: Bars, bars: Bars, definition: RunDefinition) -> None:
    """Say what is there where nothing is in the period, or where joining candles left too few to be warm."""
    joined = read.timeframe != bars.timeframe
    if joined and len(bars) <= (needed := plan.warmup):
        raise InvalidInputError(
            f"{definition.data}: its {read.timeframe} candles make {len(bars)} of {bars.timeframe} in the period, and "
            f"{rule.name} needs {needed} of those to be warm; give more candles, or --timeframe {read.timeframe} to "
            f"decide on these"
        )
    if not len(bars):
        there = f"; there are some from {_text(read.time[0])} to {_text(read.time[-1])} UTC" if len(read) else ""
        raise InvalidInputError(f"{definition.data}: there are no candles in the period asked for{there}")


def _text(time_ms: int) -> str:
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


def _between(bars: Bars, definition: RunDefinition) -> Bars:
    first = 0 if definition.start is None else int(bars.time.searchsorted(definition.start))
    last = len(bars) if definition.end is None else int(bars.time.searchsorted(definition.end))
    return bars[first:last]
