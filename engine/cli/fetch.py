"""`signal-engine fetch`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import errors, print_json

if TYPE_CHECKING:
    from engine.adapters.candle_cache import CandleCache, SeriesKey
    from engine.app.fetch import Fetched
    from engine.config import ExchangeConfig

_KEPT = "; what has come is kept, and the same command goes on from there"


def fetch(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="As ccxt writes them: BTC/USDT, BTC/USDT:USDT.")
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="As ccxt calls it: binance, binanceusdm; or 'sample'.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Instead: take the exchange with its options from a config, and what its routes look at."),
    ] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="1m, 1h, 1d ... Repeatable. (1h)")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First day or moment, UTC. (What is cached, or a year back.)")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Day or moment before which it ends, UTC. (Now.)")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="The folder. (SIGNAL_ENGINE_CANDLES, or candles/ in the working directory.)")
    ] = None,
    *,
    listing: Annotated[bool, typer.Option("--list", help="Show what is cached, and fetch nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, all gaps in it; no progress.")] = False,
) -> None:
    """Fetch candles of an exchange into the cache, which backtest reads: --data BTC/USDT.

    Only closed candles, checked whole. Gaps are asked for twice, and told.

    Interrupted or repeated, it goes on with what is not cached yet.
    """
    from engine.adapters.candle_cache import CandleCache, cache_folder

    kept = CandleCache(cache_folder(os.environ, cache))
    if listing:
        _list(kept, symbols or [], exchange or "", as_json=as_json)
        return
    import asyncio

    from engine.app.fetch_plan import period, planned

    found, wrong = asyncio.run(
        _fetch_all(
            *planned(symbols or [], exchange, config, timeframe or []), kept, period(start, end), as_json=as_json
        )
    )
    if as_json:
        from engine.cli.fetch_words import fetched_document

        print_json({"series": [fetched_document(each, kept) for each in found], "errors": wrong})
    for line in wrong:
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)


async def _fetch_all(
    source: ExchangeConfig, keys: list[SeriesKey], cache: CandleCache, period: tuple[int | None, int | None],
    *, as_json: bool,
) -> tuple[list[Fetched], list[str]]:  # fmt: skip
    """Fetch one series after another; where one fails, the others are fetched all the same."""
    from engine.adapters.clocks import SystemClock
    from engine.adapters.markets import market_data
    from engine.app.fetch import fetch as fetch_series
    from engine.cli.fetch_words import Shown, print_fetched, progress_bar
    from engine.errors import InvalidInputError, MarketDataError, StoreError

    market = market_data(source, SystemClock())
    found: list[Fetched] = []
    wrong: list[str] = []
    try:
        with progress_bar(wanted=not as_json) as bar:
            for key in keys:
                try:
                    found.append(await fetch_series(market, cache, key, *period, Shown(bar, str(key))))
                except (MarketDataError, InvalidInputError, StoreError) as error:
                    kept = isinstance(error, MarketDataError)
                    wrong.append(f"{error}{_KEPT if kept else ''}")
                    continue
                if not as_json:
                    print_fetched(found[-1], cache)
    finally:
        await market.close()
    return found, wrong


def _list(cache: CandleCache, symbols: list[str], exchange: str, *, as_json: bool) -> None:
    from engine.cli.fetch_words import entry_document, print_list

    entries = [entry for entry in cache.entries(exchange) if not symbols or entry.key.symbol in symbols]
    if as_json:
        print_json({"folder": str(cache.folder), "series": [entry_document(entry) for entry in entries]})
    else:
        print_list(entries, str(cache.folder))
