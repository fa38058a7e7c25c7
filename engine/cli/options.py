"""Options of the form NAME=VALUE that several commands take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

Symbol = Annotated[str | None, typer.Option(help="As ccxt writes it: BTC/USDT:USDT.")]
Length = Annotated[str | None, typer.Option("--timeframe", help="Decide on these candles instead of the rule's.")]
Start = Annotated[str | None, typer.Option("--from", help="First day or moment, UTC: 2024-01-31.")]
End = Annotated[str | None, typer.Option("--to", help="Day or moment before which it ends, UTC.")]
Params = Annotated[list[str] | None, typer.Option("--param", help="A parameter of the rule: fast=10. Repeatable.")]
Capital = Annotated[float | None, typer.Option(help="What there is to trade with.")]
Commission = Annotated[float | None, typer.Option(help="Percent of the value, per fill.")]
PerContract = Annotated[float | None, typer.Option("--commission-per-contract", help="Money per unit, per fill.")]
PerOrder = Annotated[float | None, typer.Option("--commission-per-order", help="Money per fill.")]
Slippage = Annotated[float | None, typer.Option(help="Ticks, on market and stop fills.")]
Maker = Annotated[float | None, typer.Option(help="Percent of the value, per fill of a limit order.")]
SlippagePercent = Annotated[float | None, typer.Option(help="The same, of the price.")]
Margin = Annotated[float | None, typer.Option(help="TradingView's margin for long and short, percent.")]
OnClose = Annotated[
    bool,
    typer.Option("--orders-on-close", help="TradingView's process_orders_on_close: filled at the close that decides."),
]
ClosesOwn = Annotated[
    bool, typer.Option("--closes-own", help="TradingView's close_entries_rule=ANY: an exit closes its own entry.")
]
Tick = Annotated[str | None, typer.Option(help="Price step; else inferred from the candles.")]
Lot = Annotated[str | None, typer.Option(help="Amount step; else amounts are not rounded.")]
Warmup = Annotated[int | None, typer.Option(min=0, help="Candles before trading begins; else as indicators need.")]

DATA = "A CSV or Parquet file of candles, a symbol that was fetched (BTC/USDT), or 'sample' (the default)."
FEED = "Another symbol's candles: ETH/USDT=eth.csv. Of a fetched symbol, others are found. Repeatable."


_COSTS = {
    "commission": "commission_percent",
    "maker": "maker_percent",
    "per_contract": "commission_per_contract",
    "per_order": "commission_per_order",
    "slippage": "slippage_ticks",
    "latency": "latency_bars",
    "maintenance": "maintenance_percent",
    "margin": "margin_percent",
}


def costs(**options: float | None) -> dict[str, object]:
    """Give what options say of costs by the names that a run definition has for it."""
    return {_COSTS.get(name, name): value for name, value in options.items()}


def files_by_symbol(texts: Iterable[str] | None) -> dict[str, str]:
    """Read `--feed SYMBOL=FILE` options. Errors: typer.BadParameter."""
    found: dict[str, str] = {}
    for text in texts or ():
        symbol, _, path = (part.strip() for part in text.partition("="))
        if not symbol or not path:
            raise typer.BadParameter(f"--feed {text}: write it as SYMBOL=FILE.csv, such as ETH/USDT=eth.csv")
        if symbol in found:
            raise typer.BadParameter(f"--feed {text}: {symbol} is given twice; its finest candles are enough")
        found[symbol] = path
    return found


def params_of(texts: Iterable[str] | None) -> dict[str, float]:
    """Read `--param NAME=NUMBER` options. Errors: typer.BadParameter."""
    found: dict[str, float] = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"--param {text}: write it as name=number") from None
    return found


def stated(fields: Mapping[str, object]) -> dict[str, object]:
    """Give the fields that were given, inside of others too."""
    inner = {name: stated(value) if isinstance(value, Mapping) else value for name, value in fields.items()}
    return {name: value for name, value in inner.items() if value not in (None, {}, (), [])}
