"""`signal-engine indicators`."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, print_json

if TYPE_CHECKING:
    from engine.app.indicators import Page

_BLOCKS = "▁▂▃▄▅▆▇█"


def indicators(
    name: Annotated[str | None, typer.Argument(help="One of them: rsi, ta.rsi, pandas_ta.squeeze.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the indicators, or tell all about one: signature, outputs, memory, an example, and what it looks like."""
    from engine.app.indicators import entries, page

    if name is None:
        listed = [asdict(entry) for entry in entries()]
        if as_json:
            print_json({"indicators": listed})
            return
        from rich.markup import escape
        from rich.table import Table

        table = Table("name", "signature", "outputs", "memory, usual call", "source", box=None, pad_edge=False)
        for entry in listed:
            cells = (
                entry["name"],
                _arguments(entry["signature"]),
                ", ".join(entry["outputs"]),
                _shortly(entry["memory"]),
            )
            table.add_row(*map(escape, (*cells, entry["source"])))
        console.print(table)
        return
    found = page(name)
    if as_json:
        document = asdict(found)
        for output in document["outputs"]:
            output["values"] = [None if math.isnan(value) else value for value in output["values"]]
        print_json(document)
        return
    for line in _lines(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def sparkline(values: list[float]) -> str:
    """Draw a value a character, from the lowest to the highest; a space where it is na."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return " " * len(values)
    low, spread = min(known), max(known) - min(known)

    def block(value: float) -> str:
        if math.isnan(value):
            return " "
        share = (value - low) / spread if spread else 0.5
        return _BLOCKS[min(len(_BLOCKS) - 1, int(share * len(_BLOCKS)))]

    return "".join(map(block, values))


def _shortly(memory: str) -> str:
    """Give the kind of a memory, and its bars where there is a number of them; its page says the rest."""
    kind, _, rest = memory.partition(":")
    bars = re.match(r" (\d+ bars?)", rest)
    return f"{kind}, {bars[1]}" if bars else kind


def _arguments(signature: str) -> str:
    """Give a signature without the name that stands beside it."""
    return signature[signature.index("(") :] if "(" in signature else ""


def _lines(page: Page) -> list[str]:
    lines = [page.signature, *([f"  {page.about}"] if page.about else []), ""]
    width = max([len(name) for name, _, _ in page.parameters] + [len(output.name) for output in page.outputs] + [7])
    for name, takes, default in page.parameters:
        lines.append(f"  {name:{width}}  {takes}{f'; default {default}' if default else ''}")
    if page.parameters:
        lines.append("")
    lines.append(f"  {'source':{width}}  {page.source}")
    lines.append(f"  {'example':{width}}  {page.example}")
    if page.rule:
        lines.append(f"  {'rule':{width}}  enter: {page.rule}")
    memories = dict.fromkeys(output.memory for output in page.outputs if output.memory)
    if len(memories) == 1:
        lines.append(f"  {'memory':{width}}  {next(iter(memories))}")
    lines.append("")
    for output in page.outputs:
        if output.refused:
            lines.append(f"  {output.name:{width}}  refused: {output.refused}")
            continue
        known = [value for value in output.values if not math.isnan(value)]
        reach = f"{min(known):.6g} to {max(known):.6g}" if known else "na"
        own = f"; {output.memory}" if len(memories) > 1 else ""
        lines.append(f"  {output.name:{width}}  {sparkline(output.values)}  {reach}{own}")
    return lines
