"""Which candles stand for each feed of a plan, where they are given by symbol."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import InvalidInputError
from engine.market import Bars
from engine.market.feed import Feed
from engine.market.resample import resample
from engine.rules.plan import Plan


def feeds_of(plan: Plan, by_symbol: Mapping[str, Bars], own: str = "") -> dict[Feed, Bars]:
    """Give a feed's candles out of those of its symbol, joined where they are finer. `own` is the rule's symbol.

    What is not given of the own symbol is not in the result, nor what is made of the rule's own candles. Errors:
    InvalidInputError for candles that are missing, that cannot be joined, or that nothing asks for.
    """
    symbols = {feed.symbol or own for feed in plan.fetched}
    asked = [str(feed) for feed in plan.fetched]
    for symbol in by_symbol:
        if symbol not in symbols:
            what = f"asked for {'are' if len(asked) > 1 else 'is'} {', '.join(asked)}" if asked else "no others are"
            raise InvalidInputError(f"candles of {symbol or 'the own symbol'} are given, but not asked for; {what}")
    missing = [feed for feed in plan.fetched if feed.symbol and feed.symbol not in by_symbol]
    if missing:
        raise InvalidInputError("\n".join(_missing(feed) for feed in missing))
    return {
        feed: _joined(by_symbol[feed.symbol or own], feed) for feed in plan.fetched if (feed.symbol or own) in by_symbol
    }


def refuse_cold(plan: Plan, bars: Bars, feeds: Mapping[Feed, Bars]) -> None:
    """Say it where candles of a feed are too few for it to be warm on any of `bars`. Errors: InvalidInputError."""
    for feed in plan.fetched:
        needed, candles = plan.feeds[feed].warmup, feeds.get(feed)
        given = candles if candles is not None else resample(bars, feed.timeframe)
        known = len(bars) and int((given.closes_ms <= bars[-1:].closes_ms[0]).sum())
        if known <= needed:
            where = "" if candles is not None else f" (made of the {bars.timeframe} candles)"
            option = f"--feed {feed.symbol or 'SYMBOL'}=FILE.csv takes candles that begin earlier"
            raise InvalidInputError(
                f"{feed}: {needed:,} candles come before its values are right, and {known}{where} have closed before "
                f"the last candle that is decided on; give more, or shorter lengths; {option}"
            )


def _missing(feed: Feed) -> str:
    return (
        f"{feed.timeframe} candles of {feed.symbol} are needed, and none are given; add --feed {feed.symbol}=FILE.csv "
        f"(in a run definition, feeds: {{{feed.symbol}: FILE.csv}}; in Python, feeds={{'{feed.symbol}': candles}})"
    )


def _joined(bars: Bars, feed: Feed) -> Bars:
    if bars.timeframe.plain == feed.timeframe:
        return bars
    if not feed.timeframe.consists_of(bars.timeframe):
        raise InvalidInputError(
            f"{feed.timeframe} candles of {feed.symbol or 'the own symbol'} are needed, and cannot be made of the "
            f"{bars.timeframe} candles given; give finer ones"
        )
    return resample(bars, feed.timeframe)
