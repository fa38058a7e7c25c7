"""`signal-engine backtest`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import DATA, FEED, files_by_symbol
from engine.cli.output import console, errors, moment, number, price, print_json, program

if TYPE_CHECKING:
    from engine.backtest import Result, RunDefinition, Statistics


def backtest(
    file: Annotated[Path, typer.Argument(metavar="STRATEGY", help="A rule file, or a run definition.")],
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    symbol: Annotated[str | None, typer.Option(help="As ccxt writes it: BTC/USDT:USDT.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Decide on these candles instead of the rule's.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="First day or moment, UTC: 2024-01-31.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Day or moment before which it ends, UTC.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter of the rule: fast=10. Repeatable.")] = None,
    feed: Annotated[list[str] | None, typer.Option(help=FEED)] = None,
    capital: Annotated[float | None, typer.Option(help="What there is to trade with (10000).")] = None,
    commission: Annotated[float | None, typer.Option(help="Percent of the value, per fill (0.05).")] = None,
    slippage: Annotated[float | None, typer.Option(help="Ticks, on market and stop fills (0).")] = None,
    tick: Annotated[str | None, typer.Option(help="Price step; else inferred from the candles.")] = None,
    lot: Annotated[str | None, typer.Option(help="Amount step; else amounts are not rounded.")] = None,
    trades: Annotated[int, typer.Option(min=0, help="How many of the last trades to list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="One JSON document: statistics, trades, messages.")] = False,
) -> None:
    """Backtest a rule file on a CSV or the sample market; check a run definition's expectations."""
    from engine.app.backtests import definition_for, definition_in, run_backtest
    from engine.app.fingerprints import keep
    from engine.errors import InvalidDocumentError, InvalidInputError

    costs = {"capital": capital, "commission_percent": commission, "slippage_ticks": slippage}
    given: dict[str, object] = {
        "data": data,
        "symbol": symbol,
        "timeframe": timeframe,
        "from": start,
        "to": end,
        "params": _params(param or []),
        "feeds": files_by_symbol(feed),
        "costs": {name: value for name, value in costs.items() if value is not None},
        "tick": tick,
        "lot": lot,
    }
    given = {name: value for name, value in given.items() if value not in (None, {})}
    written = definition_in(file)
    if written is not None and given:
        raise typer.BadParameter(f"{file} is a run definition; change it there ({', '.join(given)})")
    definition = written or definition_for(file, given)
    try:
        result = run_backtest(definition)
    except InvalidDocumentError:
        from engine.config import is_config  # no rule file has need of it

        if is_config(file):
            raise InvalidInputError(f"{file} is a config; to run it: {program()} run --config {file}") from None
        raise
    for note in keep(Path(definition.strategy), result.rule, result.fingerprint):
        errors.print(note, markup=False, highlight=False, soft_wrap=True)
    # Comparing makes every message of the result, which may take longer than all the rest.
    differences = definition.differences(result) if definition.expect else []
    if json:
        print_json(_document(result, differences))
    else:
        _print(definition, result, trades)
    for line in differences:
        errors.print(f"{file}: not as expected: {line}", markup=False, highlight=False, soft_wrap=True)
    if definition.expect and not differences and not json:
        console.print(f"[green]as expected[/green]: {', '.join(definition.expect)}", highlight=False)
    raise typer.Exit(1 if differences else 0)


def _params(texts: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"--param {text}: write it as name=number") from None
    return found


def _document(result: Result, differences: list[str]) -> dict[str, object]:
    return {
        "strategy": result.rule.name,
        "rule_sha256": result.rule.sha256,
        "symbol": result.author.instrument.symbol,
        "timeframe": str(result.bars.timeframe),
        "warmup_bars": result.warmup,
        "statistics": asdict(result.stats),
        "trades": [asdict(trade) for trade in result.trades],
        "messages": [message.body() for message in result.messages],
        "fingerprint": {text: list(golden) for text, golden in result.fingerprint.items()},
        "not_as_expected": differences,
    }


def _print(definition: RunDefinition, result: Result, most: int) -> None:
    from rich.table import Table

    bars, stats = result.bars, result.stats
    console.print(
        f"[bold]{result.rule.name}[/bold] on {result.author.instrument.symbol}, {len(bars)} candles of "
        f"{bars.timeframe}, {moment(int(bars.time[0]))} to {moment(int(bars.time[-1]))} UTC; "
        f"trading begins after {result.warmup} candles of warm-up",
        highlight=False,
        soft_wrap=True,
    )
    if definition.data == "sample":
        console.print("[dim]The sample market is synthetic: these numbers say nothing about real markets.[/dim]")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in _rows(stats):
        table.add_row(name, value)
    console.print(table, highlight=False)
    if not most or not result.trades:
        return
    shown = result.trades[-most:]
    listing = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("side", "in (UTC)", "at", "out (UTC)", "at", "why", "profit", "%"):
        listing.add_column(
            heading, no_wrap=heading != "why", justify="right" if heading in ("at", "profit", "%") else "left"
        )
    for trade in shown:
        listing.add_row(
            trade.side,
            moment(trade.entry_time_ms)[2:],
            price(trade.entry_price),
            moment(trade.exit_time_ms)[2:] or "open",
            price(trade.exit_price),
            trade.exit_reason or "",
            number(trade.profit) if trade.profit is not None else "",
            number(trade.percent) if trade.percent is not None else "",
        )
    console.print(f"\nThe last {len(shown)} of {len(result.trades)} trades (--trades N for more):", highlight=False)
    console.print(listing, highlight=False)


def _rows(stats: Statistics) -> list[tuple[str, str]]:
    percent = f"{number(stats.winning_percent, 1)} %" if stats.winning_percent is not None else "-"
    return [
        ("net profit", f"{number(stats.net_profit)} ({stats.net_profit_percent:+.2f} %)"),
        ("buy and hold", f"{stats.buy_and_hold_percent:+.2f} %"),
        ("greatest drawdown", f"{number(stats.max_drawdown)} ({number(stats.max_drawdown_percent)} %)"),
        ("closed trades", f"{stats.closed_trades}, {percent} of them winning"),
        ("profit factor", number(stats.profit_factor)),
        ("average trade", f"{number(stats.average_trade)} over {number(stats.average_trade_bars, 1)} candles"),
        ("best, worst trade", f"{number(stats.largest_win)}, {number(stats.largest_loss)}"),
        ("fees", number(stats.fees)),
        ("time in the market", f"{number(stats.exposure_percent, 1)} %"),
        ("Sharpe ratio, a year", number(stats.sharpe)),
        ("entries refused", str(stats.refused_entries)),
    ]
