"""`signal-engine status`."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, moment, number, price, print_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.app.status_words import Doorbell, LimitStatus, RouteStatus, Status

_ASK_AGAIN_S = 30.0  # how often a watch asks the exchange for its time


def status(
    config: Annotated[Path, typer.Option("--config", help="The config whose engine is meant.")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew every two seconds, until Ctrl-C.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the exchange for its time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead.")] = False,
) -> None:
    """Show where every route stands, what waits, the limits, and all that needs a person: then it ends with 1.

    It only reads, also beside the running engine. docs/operating.md says what to do about each thing that it shows.
    """
    from engine.adapters.clocks import SystemClock
    from engine.app.status import skew_of, status_of
    from engine.config import read_config

    clock, read = SystemClock(), read_config(config, os.environ)
    if not watch or as_json:
        shown = status_of(read, clock, None if offline else skew_of(read, clock))
        if as_json:
            print_json({**asdict(shown), "urgent": shown.urgent})
        else:
            console.print(_page(shown))
        raise typer.Exit(1 if shown.urgent else 0)
    from rich.live import Live

    skew, asked = None if offline else skew_of(read, clock), time.monotonic()
    with Live(_page(status_of(read, clock, skew)), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(2)
            if not offline and time.monotonic() - asked > _ASK_AGAIN_S:
                skew, asked = skew_of(read, clock), time.monotonic()
            live.update(_page(status_of(read, clock, skew)), refresh=True)


def _page(shown: Status) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    runs = f"process {shown.process}" if shown.process else "NOT RUNNING"
    skew = "not asked" if shown.skew_ms is None else f"{shown.skew_ms / 1000:+.2f} s off the exchange's"
    head = Text(f"{moment(shown.at_ms)} UTC, {shown.mode}, {runs}, clock {skew}")
    routes = Table(box=None, pad_edge=False)
    for title in ("route", "last bar", "closed", "position", "holds", "equity"):
        routes.add_column(title, overflow="fold")
    for route in shown.routes:
        routes.add_row(*map(Text, _cells(route)))
    waiting = ", ".join(f"{count} {state}" for state, count in shown.outbox.items()) or "none in the last day"
    lines = [Text(f"messages: {waiting}"), Text("limits: " + "; ".join(map(_limit, shown.limits)))]
    if shown.doorbell is not None:
        lines.append(Text(_doorbell(shown.doorbell)))
    for one in shown.found:
        name, style = (one.trouble.upper(), "bold red") if one.urgent else (str(one.trouble), "yellow")
        lines.append(Text(f"{name}: {one.where}: {one.told}", style=style))
    return Group(head, Text(), routes, Text(), *lines)


def _cells(route: RouteStatus) -> tuple[str, ...]:
    if route.bar_ms is None:
        return route.route, "none yet", "", "", "", ""
    held = f"{route.position} {number(route.quantity, 6).rstrip('0').rstrip('.')} at {price(route.entry_price)}"
    levels = [f"{one.reason} {price(one.price) or 'not yet'} ({one.held_by})" for one in route.levels]
    late = f", {_span(route.late_ms)} late" if route.late_ms else ""
    return (
        route.route,
        moment(route.bar_ms),
        f"{_span(route.age_ms or 0)} ago{late}",
        "flat" if route.entry_price is None else held,
        ", ".join([*levels, *(f"waits: {one}" for one in route.waiting)]),
        number(route.equity),
    )


def _span(ms: int) -> str:
    seconds = ms / 1000
    if abs(seconds) < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if abs(seconds) < 36_000 else f"{seconds / 3600:,.0f} h"


def _doorbell(bell: Doorbell) -> str:
    heard = "".join(f", looked for {name} candles {_span(ago_ms)} ago" for name, ago_ms in bell.heard_ms.items())
    missed = f"{bell.missed} ring{'' if bell.missed == 1 else 's'} missed"
    return f"doorbell: rang {_span(bell.rang_ms)} ago{heard}; {missed} since its start"


def _limit(limit: LimitStatus) -> str:
    most = "no limit" if limit.allowed is None else f"of {limit.allowed:g}{limit.unit}"
    return f"{limit.name} {limit.now:.4g}{limit.unit} {most}"
