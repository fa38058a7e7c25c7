"""`signal-engine message`."""

from __future__ import annotations

from typing import Annotated

import typer


def message(
    action: Annotated[
        str, typer.Argument(help="openLong closeLong openShort closeShort · buy sell · cancel cancelAll")
    ],
    market: Annotated[str | None, typer.Option(help="futures or spot; else what the action says.")] = None,
    percent: Annotated[str | None, typer.Option(help="Size in percent of what is available.")] = None,
    fixed: Annotated[str | None, typer.Option(help="Size as an amount.")] = None,
    limit: Annotated[str | None, typer.Option(help="Limit price; without it, a market order.")] = None,
    profit: Annotated[str | None, typer.Option(help="Take-profit price (futures).")] = None,
    loss: Annotated[str | None, typer.Option(help="Stop-loss price (futures).")] = None,
    log: Annotated[str | None, typer.Option(help="Text for the platform's log.")] = None,
    client_order_id: Annotated[str | None, typer.Option(help="Id to place or to cancel by.")] = None,
    delay_seconds: Annotated[float | None, typer.Option(help="Delay the order.")] = None,
    delay_seconds_filter: Annotated[str | None, typer.Option(help="Delay only where the log contains this.")] = None,
    connector: Annotated[str, typer.Option(help="The connector's name.")] = "YOUR_CONNECTOR",
) -> None:
    """Print the JSON of one order, as the platform's page would generate it."""
    from engine.app.messages import compose, page_json

    composed = compose(
        action,
        market,
        numbers={"percent": percent, "fixed": fixed, "limit": limit, "profit": profit, "loss": loss},
        log=log,
        client_order_id=client_order_id,
        delay_seconds=delay_seconds,
        delay_seconds_filter=delay_seconds_filter,
    )
    typer.echo(page_json(composed, connector))
