"""`signal-engine schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.output import print_json


def schema(
    of: Annotated[str, typer.Argument(metavar="[rule|config|backtest]", help="Which files it describes.")] = "rule",
) -> None:
    """Print the JSON Schema by which editors complete and check files as you type.

    The README says how to switch it on. Whether expressions are good, only check says.
    """
    from engine.app.schema import SCHEMAS, schema_of

    if of not in SCHEMAS:
        raise typer.BadParameter(f"'{of}' is none of {', '.join(SCHEMAS)}")
    print_json(schema_of(of))
