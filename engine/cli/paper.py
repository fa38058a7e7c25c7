"""`signal-engine paper`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import console


def paper(
    config: Annotated[Path, typer.Option(help="A paper config: its connectors are known, its ledger is used.")] = Path(
        "configs/paper.yaml"
    ),
) -> None:
    """The paper platform alone, on loopback, until stopped (Ctrl-C)."""
    from engine.app.system import paper_settings, read_routes
    from engine.config import read_config
    from engine.paper.server import serve

    read = read_config(config, os.environ)
    settings = paper_settings(read, read_routes(read))

    def ready(url: str) -> None:
        console.print(
            f"listening on {url}; messages are kept in {settings.ledger}; Ctrl-C stops it",
            highlight=False,
            soft_wrap=True,
        )

    serve(settings, ready)
