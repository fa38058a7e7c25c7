"""`signal-engine outbox`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import console, moment

_CONFIG = typer.Option(help="The config whose state is meant.")
_NUMBER = typer.Argument(help="The message's number in the list.")
app = typer.Typer(
    no_args_is_help=True, help="The messages: what became of each, and what you know of the doubtful ones."
)


@app.command("list")
def listing(
    config: Annotated[Path, _CONFIG], most: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50
) -> None:
    """List the newest messages; works while the engine runs and while it does not."""
    from engine.app.outbox import newest
    from engine.config import read_config

    for row in newest(read_config(config, os.environ), most):
        console.print(
            f"{row.seq:>6}  {moment(row.bar_ms)}  {row.state:<12} {row.intent:<6} {row.connector}  "
            f"{row.body}  {row.detail}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def arrived(number: Annotated[int, _NUMBER], config: Annotated[Path, _CONFIG]) -> None:
    """Say of an UNKNOWN message that it was executed: the platform shows its order. The engine must be stopped."""
    _settle(number, config, arrived=True)


@app.command("not-arrived")
def not_arrived(number: Annotated[int, _NUMBER], config: Annotated[Path, _CONFIG]) -> None:
    """Say of an UNKNOWN message that it was not executed: an entry is then undone. The engine must be stopped."""
    _settle(number, config, arrived=False)


def _settle(number: int, config: Path, *, arrived: bool) -> None:
    from engine.app.outbox import settle
    from engine.config import read_config

    console.print(settle(read_config(config, os.environ), number, arrived=arrived), highlight=False, soft_wrap=True)
