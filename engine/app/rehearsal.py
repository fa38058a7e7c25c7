"""What `run` would do, without doing it: routes, candles to be fetched, messages; and what would be refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.adapters.markets import markets_of
from engine.adapters.sql_store import SqlStore
from engine.app.budget import check_budget
from engine.app.fingerprints import check_routes
from engine.app.possible import example_of, possible_messages
from engine.app.profiles import check_words
from engine.app.system import read_routes
from engine.config import RunConfig
from engine.decisions import Costs, state_from_json
from engine.errors import MarketDataError, RefusedError, StoreError
from engine.live import RouteSpec, Session
from engine.market import Instrument
from engine.ports import Clock, MarketData, RouteRecord

_SIDES = {1: "long", -1: "short", 0: "flat"}


@dataclass(frozen=True)
class Rehearsed:
    """One route: how it begins, and what it would fetch: whose candles, how many, from when on (ms UTC).

    `watches` is the timeframe on which it watches the orders that the engine holds; None for that of its own candles.
    """

    route: str
    connector: str
    receiver: str
    begins: str
    next_close_ms: int
    candles: list[tuple[str, int, int]]
    messages: list[str]
    example: str | None
    watches: str | None = None


def rehearse(config: RunConfig, clock: Clock) -> tuple[list[Rehearsed], list[str]]:
    """Give the routes, and all that would be refused. Errors: InvalidInputError, StoreError."""
    specs = read_routes(config)
    check_words(config, specs)
    wrong: list[str] = []
    try:
        check_routes(config, specs, write=False)
    except RefusedError as error:
        wrong.append(str(error))
    records = _records(config, specs)
    return asyncio.run(_with_the_exchange(config, specs, records, clock, wrong)), wrong


def _records(config: RunConfig, specs: list[RouteSpec]) -> dict[str, RouteRecord]:
    if not Path(config.state).exists():
        return {}
    store = SqlStore.open_readonly(config.state)
    try:
        return {spec.key: record for spec in specs if (record := store.route(spec.key)) is not None}
    finally:
        store.close()


async def _with_the_exchange(
    config: RunConfig, specs: list[RouteSpec], records: dict[str, RouteRecord], clock: Clock, wrong: list[str]
) -> list[Rehearsed]:
    markets = markets_of(config, clock)
    now: dict[str, int] = {}
    try:
        try:
            check_budget(config, specs, markets)
        except RefusedError as error:
            wrong.append(str(error))
        for name, market in markets.items():
            try:
                now[name] = await market.now_ms()
            except MarketDataError as error:
                wrong.append(str(error))
        instruments = [
            await _instrument(markets[spec.exchange], spec, wrong) if spec.exchange in now else None for spec in specs
        ]
        return [
            _route(config, spec, records.get(spec.key), instrument, now.get(spec.exchange, clock.now_ms()))
            for spec, instrument in zip(specs, instruments, strict=True)
        ]
    finally:
        for market in markets.values():
            await market.close()


async def _instrument(market: MarketData, spec: RouteSpec, wrong: list[str]) -> Instrument | None:
    """Ask what the exchange knows of a symbol; what does not fit is told."""
    try:
        kind = await market.kind(spec.symbol)
        if kind is not spec.rule.market:
            wrong.append(f"{spec.key}: {spec.rule.name} is a {spec.rule.market} rule, {spec.symbol} a {kind} symbol")
        return await market.instrument(spec.symbol)
    except MarketDataError as error:
        wrong.append(f"{spec.key}: {error}")
        return None


def _route(
    config: RunConfig, spec: RouteSpec, record: RouteRecord | None, instrument: Instrument | None, now_ms: int
) -> Rehearsed:
    timeframe = spec.rule.timeframe
    known = instrument or Instrument(spec.symbol)
    session = Session(spec.key, spec.connector, spec.rule, known, Costs(config.capital), spec.params)
    last_ms = timeframe.last_closed(now_ms)
    since_ms = timeframe.before(record.watermark_ms if record else last_ms, session.window - 1)
    candles = [(f"{spec.symbol} {timeframe}", (last_ms - since_ms) // timeframe.length_ms + 1, since_ms)]
    for feed in session.feeds.candles:
        first_ms = session.feeds.since_ms(feed, since_ms)
        candles.append((str(feed), max(0, (now_ms - first_ms) // feed.timeframe.length_ms), first_ms))
    return Rehearsed(
        route=spec.key,
        connector=spec.connector,
        receiver=urlsplit(config.connectors[spec.connector].url).netloc.rpartition("@")[2],
        begins=_begins(spec, record, last_ms),
        next_close_ms=timeframe.next(timeframe.next(last_ms)),
        candles=candles,
        messages=[f"{one.action}: {', '.join(one.fields)}".rstrip(": ") for one in possible_messages(spec.rule)],
        example=example_of(spec.rule),
        watches=None if session.watch is None else str(session.watch),
    )


def _begins(spec: RouteSpec, record: RouteRecord | None, last_ms: int) -> str:
    if record is None:
        return "starts flat, nothing is remembered of it"
    try:
        side = int(state_from_json(record.state).position["side"][0])
    except ValueError as error:
        raise StoreError(f"{spec.key}: its state cannot be read: {error}") from None
    missed = max(0, (last_ms - record.watermark_ms) // spec.rule.timeframe.length_ms)
    edited = "" if record.rule_sha256 == spec.rule.sha256 else ", with a rule file that was edited since"
    return f"continues {_SIDES[side]}, {missed:,} candles behind{edited}"
