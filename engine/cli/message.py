"""`signal-engine message`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.webhook import Message


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
    send: Annotated[bool, typer.Option("--send", help="Send it, through the outbox of --config.")] = False,
    config: Annotated[Path | None, typer.Option(help="With --send: the config of the connector and its route.")] = None,
    confirm_live: Annotated[bool, typer.Option("--confirm-live", help="With --send: yes, trade real money.")] = False,
    reason: Annotated[str, typer.Option(help="With --send: why; it is kept with the time.")] = "",
) -> None:
    """Print the JSON of one order, as the platform's page would generate it; with --send, send it.

    What is sent takes its place in the outbox behind what waits there, and is delivered like any message of a rule.
    """
    from engine.app.messages import compose, page_json

    def make(of_market: str | None, order_id: str | None) -> Message:
        return compose(
            action,
            market or of_market,
            numbers={"percent": percent, "fixed": fixed, "limit": limit, "profit": profit, "loss": loss},
            log=log,
            client_order_id=order_id,
            delay_seconds=delay_seconds,
            delay_seconds_filter=delay_seconds_filter,
        )

    if not send:
        typer.echo(page_json(make(None, client_order_id), connector))
        return
    if config is None:
        raise typer.BadParameter("--send needs --config: the config whose state, connector and route are meant")
    from engine.app import operator
    from engine.app.system import check_start
    from engine.cli.outbox import print_done
    from engine.config import read_config
    from engine.webhook import Action

    read = read_config(config, os.environ)
    check_start(read, confirm_live=confirm_live)
    places_order = action in set(Action) and not Action(action).cancels
    order_id = client_order_id or (operator.new_id() if places_order else None)
    print_done(operator.send(read, connector, lambda kind: make(kind, order_id), reason))
