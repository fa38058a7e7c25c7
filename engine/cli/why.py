"""`signal-engine why`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import DATA, FEED
from engine.cli.output import console, moment, plain_values, print_json, program

if TYPE_CHECKING:
    from engine.app.explain import Why
    from engine.webhook.message import Body

_WIDTH = 100
_LEGEND = "turns at: how far the left side must move to turn it, and that in percent of the right side"


def why(
    file: Annotated[Path, typer.Argument(metavar="STRATEGY", help="A rule file, or a run definition.")],
    at: Annotated[str, typer.Option(help="When, UTC: '2024-01-31 14:00' means the candle that closes then.")],
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    symbol: Annotated[str | None, typer.Option(help="As ccxt writes it: BTC/USDT:USDT.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Decide on these candles instead of the rule's.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Where the backtest begins, UTC: 2024-01-31.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter of the rule: fast=10. Repeatable.")] = None,
    feed: Annotated[list[str] | None, typer.Option(help=FEED)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show why a candle led to a message or to none: what held there, by how much.

    Each condition as it is written, with both numbers of each comparison.

    Take an entry time that backtest lists: the candle that closed then decided it.
    """
    from engine.app.backtests import definition_for, definition_in
    from engine.app.explain import explain
    from engine.cli.options import files_by_symbol, params_of
    from engine.errors import InvalidDocumentError, InvalidInputError

    given: dict[str, object] = {"data": data, "symbol": symbol, "timeframe": timeframe, "from": start}
    given |= {"params": params_of(param), "feeds": files_by_symbol(feed)}
    given = {name: value for name, value in given.items() if value not in (None, {})}
    written = definition_in(file)
    if written is not None and given:
        raise typer.BadParameter(f"{file} is a run definition; change it there ({', '.join(given)})")
    try:
        found = explain(written or definition_for(file, given), at)
    except InvalidDocumentError:
        from engine.config import is_config

        if is_config(file):
            raise InvalidInputError(
                f"{file} is a config; of its strategies: {program()} why STRATEGY --at ..."
            ) from None
        raise
    if as_json:
        print_json({name: plain_values(value) for name, value in asdict(found).items()})
    else:
        print_why(found)


def print_why(found: Why) -> None:
    """Print it."""
    from rich.text import Text

    from engine.cli.condition_tree import condition_lines, figure, name_lines

    width = min(_WIDTH, console.width) if console.is_terminal else _WIDTH
    explanation = found.explanation
    lines = [
        Text.assemble((found.strategy, "bold"), f" on {found.symbol}, the {found.timeframe} candle that closed at "
                      f"{moment(found.close_ms)} UTC"),
        Text("  ".join(f"{name} {figure(value)}" for name, value in found.candle.items()), "dim"),
        Text(),
    ]  # fmt: skip
    lines += [Text.assemble(("Decided: ", "bold"), _message(body)) for body in found.messages]
    lines += [Text.assemble(("Decided: ", "bold"), f"an entry, {words}") for words in found.refused]
    if found.nothing:
        lines.append(Text.assemble(("Decided: ", "bold"), f"nothing; {found.nothing}."))
    for trade in found.position:
        lines.append(
            Text(f"In a {trade.side} position since {moment(trade.entry_time_ms)} UTC, at {figure(trade.entry_price)}.")
        )
    if not found.position:
        lines.append(Text("In no position."))
    if explanation.bar < explanation.warmup:
        when = (
            f"from {moment(found.warm_from_ms)} UTC on" if found.warm_from_ms else "after more candles than there are"
        )
        lines.append(Text(f"Warm {when}: {explanation.warmup} candles come first.", "yellow"))
    for explained in explanation.conditions:
        lines += [Text(), *condition_lines(explained, width)]
    if explanation.names:
        lines += [Text(), Text("names", "bold"), *name_lines(explanation.names, width)]
    lines += [Text(), Text(_LEGEND, "dim")]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _message(body: Body) -> str:
    shown = [f"{name} {value}" for name, value in body.items() if name not in ("action", "log", "clientOrderId")]
    return ", ".join([str(body["action"]), *shown])
