"""`signal-engine eval`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    expression: Annotated[str, typer.Argument(help='Any expression of the rule language: "ta.rsi(close, 14)".')],
    data: Annotated[Path, typer.Option(help="A CSV of candles.")],
) -> None:
    """Print an expression's value on every candle, as CSV: time (ms UTC), value; empty where it is na."""
    from engine.adapters.csv_files import read_csv
    from engine.rules.single import evaluate_text

    bars = read_csv(data)
    lines = ["time,value"]
    for time, value in zip(bars.time, evaluate_text(expression, bars), strict=True):
        lines.append(f"{time}," if math.isnan(value) else f"{time},{float(value)!r}")
    typer.echo("\n".join(lines))
