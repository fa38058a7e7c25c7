"""What `fetch` is asked for, out of its options: an exchange, and the series to fetch."""

from __future__ import annotations

import os
from pathlib import Path

from engine.adapters.candle_cache import SeriesKey
from engine.config import ExchangeConfig, RunConfig, read_config
from engine.errors import InvalidInputError
from engine.market import Timeframe
from engine.market.moment import read_moment

_DEFAULT = "1h"


def planned(
    symbols: list[str], exchange: str | None, config: Path | None, timeframes: list[str]
) -> tuple[ExchangeConfig, list[SeriesKey]]:
    """Give the exchange, and the series in the order they are named in, each once. Errors: InvalidInputError."""
    lengths = [_timeframe(text) for text in timeframes]
    if config is not None:
        if exchange is not None:
            raise InvalidInputError("--exchange and --config both name an exchange; give one of them")
        read = read_config(config, os.environ)
        source = read.exchange
        wanted = (
            [(symbol, length) for symbol in symbols for length in lengths or [_timeframe(_DEFAULT)]]
            if symbols
            else _of_routes(read, lengths)
        )
    else:
        if exchange is None:
            raise InvalidInputError("which exchange? Give --exchange, such as --exchange binance, or --config CONFIG")
        if not symbols:
            raise InvalidInputError(f"which symbols? For example: signal-engine fetch BTC/USDT --exchange {exchange}")
        source = ExchangeConfig(id=exchange)
        wanted = [(symbol, length) for symbol in symbols for length in lengths or [_timeframe(_DEFAULT)]]
    return source, [SeriesKey(source.id, symbol, length) for symbol, length in dict.fromkeys(wanted)]


def period(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    """Read --from and --to as ms UTC. Errors: InvalidInputError."""
    found: list[int | None] = []
    for option, text in (("--from", start), ("--to", end)):
        try:
            found.append(None if text is None else read_moment(text))
        except ValueError as error:
            raise InvalidInputError(f"{option}: {error}") from None
    if found[0] is not None and found[1] is not None and found[0] >= found[1]:
        raise InvalidInputError(f"--from {start} is not before --to {end}")
    return found[0], found[1]


def _of_routes(config: RunConfig, lengths: list[Timeframe]) -> list[tuple[str, Timeframe]]:
    """Give what the routes of a config look at: their own candles, and those beside them."""
    from engine.app.system import read_routes  # noqa: PLC0415 - loads the whole live engine

    wanted: list[tuple[str, Timeframe]] = []
    for spec in read_routes(config):
        own = [(spec.symbol, spec.rule.timeframe)]
        plan = spec.rule.plan(spec.params, symbol=spec.symbol)
        wanted += own + [(feed.symbol or spec.symbol, feed.timeframe) for feed in plan.fetched]
    if not lengths:
        return wanted
    return [(symbol, length) for symbol, _ in wanted for length in lengths]


def _timeframe(text: str) -> Timeframe:
    try:
        return Timeframe.parse(text)
    except ValueError as error:
        raise InvalidInputError(f"--timeframe: {error}") from None
