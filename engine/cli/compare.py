"""`signal-engine compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import (
    FEED,
    Capital,
    ClosesOwn,
    Commission,
    Length,
    Lot,
    Maker,
    Margin,
    OnClose,
    Params,
    PerContract,
    PerOrder,
    Slippage,
    SlippagePercent,
    Start,
    Symbol,
    Tick,
    Warmup,
    costs,
    files_by_symbol,
    params_of,
    stated,
)
from engine.cli.output import print_json


def compare(
    file: Annotated[Path, typer.Argument(metavar="STRATEGY", help="A rule file, or a run definition.")],
    candles: Annotated[
        list[str] | None,
        typer.Option(help="The chart's candles, a CSV or Parquet file. Repeatable: more of them, later or earlier."),
    ] = None,
    trades: Annotated[
        Path | None, typer.Option(help="The list of trades, exported from the Strategy Tester as CSV.")
    ] = None,
    finer: Annotated[
        str | None, typer.Option(help="Finer candles of the same market, for the bar magnifier (the rule's 'watch').")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The chart's time zone, for times in the list that carry none: America/New_York.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Instead of the rule's: 15% of the equity, 1000cash, or an amount: 0.01.")
    ] = None,
    capital: Capital = None,
    commission: Commission = None,
    maker: Maker = None,
    per_contract: PerContract = None,
    per_order: PerOrder = None,
    slippage: Slippage = None,
    slippage_percent: SlippagePercent = None,
    margin: Margin = None,
    orders_on_close: OnClose = False,
    closes_own: ClosesOwn = False,
    tick: Tick = None,
    lot: Lot = None,
    timeframe: Length = None,
    symbol: Symbol = None,
    start: Start = None,
    warmup: Warmup = None,
    param: Params = None,
    feed: Annotated[list[str] | None, typer.Option(help=FEED)] = None,
    fills: Annotated[str | None, typer.Option(help="webhook: what the messages could have done. (tradingview)")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Compare our trades with TradingView's own list, one to one; exit code 1 where they differ.

    Everything is taken as in the Strategy Tester: its emulator, no warm-up, 1,000,000 of capital, no commission, unless
    an option or the run definition says otherwise. What the list does not state (tick, lot, costs, zone) may be the
    reason for a difference; the output says what the differences share.
    """
    from engine.app.backtests import definition_for, definition_in
    from engine.app.compare import compare_trades, overlaid
    from engine.cli.compare_words import document, print_compared

    data, more = candles[0] if candles else None, candles[1:] if candles else None
    spent = costs(
        capital=capital, commission=commission, maker=maker, per_contract=per_contract, per_order=per_order,
        slippage=slippage, slippage_percent=slippage_percent, margin=margin, orders_on_close=orders_on_close or None,
        closes_own=closes_own or None,
    )  # fmt: skip
    given = definition_for(
        file,
        stated(
            {
                "data": data,
                "more": more,
                "finer": finer,
                "symbol": symbol,
                "timeframe": timeframe,
                "from": start,
                "warmup": warmup,
                "fills": fills,
                "params": params_of(param),
                "feeds": files_by_symbol(feed),
                "costs": spent,
                "tick": tick,
                "lot": lot,
                "compare": {"trades": trades and str(trades), "zone": zone},
            }
        ),
    )
    written = definition_in(file)
    if written is not None:
        given = overlaid(written, given).model_copy(update={"strategy": written.strategy})
    found = compare_trades(given, size)
    if as_json:
        print_json(document(found))
    else:
        print_compared(found)
    raise typer.Exit(0 if found.comparison.equal else 1)
