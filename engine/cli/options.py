"""Options of the form NAME=VALUE that several commands take."""

from __future__ import annotations

from collections.abc import Iterable

import typer

DATA = "A CSV or Parquet file of candles, a symbol that was fetched (BTC/USDT), or 'sample' (the default)."
FEED = "Another symbol's candles: ETH/USDT=eth.csv. Of a fetched symbol, others are found. Repeatable."


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
