"""`signal-engine eval`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import files_by_symbol


def evaluate(
    expression: Annotated[str, typer.Argument(help='Any expression of the rule language: "ta.rsi(close, 14)".')],
    data: Annotated[Path, typer.Option(help="A CSV of candles.")],
    feed: Annotated[
        list[str] | None, typer.Option(help="Candles of another symbol: ETH/USDT=eth.csv. Repeatable.")
    ] = None,
) -> None:
    """Print an expression's value on every candle, as CSV: time (ms UTC), value; empty where it is na."""
    from engine.adapters.csv_files import read_csv
    from engine.rules.single import evaluate_text

    bars = read_csv(data)
    others = {symbol: read_csv(path) for symbol, path in files_by_symbol(feed).items()}
    lines = ["time,value"]
    for time, value in zip(bars.time, evaluate_text(expression, bars, others), strict=True):
        lines.append(f"{time}," if math.isnan(value) else f"{time},{float(value)!r}")
    typer.echo("\n".join(lines))
