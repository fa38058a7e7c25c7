"""`signal-engine demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, moment, number, program

if TYPE_CHECKING:
    from engine.app.demo import Progress, Summary

_SHOWN = (("percent", "{} %"), ("fixed", "{}"), ("profit", "take-profit {}"), ("loss", "stop {}"), ("log", "({})"))


def demo(
    strategy: Annotated[
        Path | None, typer.Argument(help="A rule file; strategies/ema_cross.yaml if not given.")
    ] = None,
    bars: Annotated[int, typer.Option(min=1, max=20_000, help="How many candles to trade.")] = 500,
    out: Annotated[Path, typer.Option(help="Where the state and the ledger are kept.")] = Path("demo-runs"),
) -> None:
    """The whole path, offline: sample market → rules → outbox → HTTP → paper platform."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as ProgressBar

    from engine.adapters.logs import set_up_logs
    from engine.app.demo import run_demo
    from engine.rules import read_rule_file

    set_up_logs([])
    rule_file = strategy or _shipped("ema_cross.yaml")
    read_rule_file(rule_file)  # what is wrong with it comes first, and alone
    console.print(
        f"[bold]{rule_file}[/bold] on the sample market, each candle's messages POSTed to the paper platform.\n"
        "The market is synthetic: this shows that the path works, not that a strategy earns money.\n",
        highlight=False,
        soft_wrap=True,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=console) as bar:
        task = bar.add_task("starting", total=bars)

        def show(so_far: Progress, entries: list[dict[str, object]]) -> None:
            for entry in entries:
                candle = so_far.candles.get(str(entry["client_order_id"]))
                bar.console.print(_line(candle, entry), highlight=False, soft_wrap=True)
            bar.update(task, completed=so_far.bars, description="candles")

        summary = run_demo(rule_file, bars, out, show)
    _print_summary(summary)
    raise typer.Exit(0 if summary.good else 1)


def _line(candle_ms: int | None, entry: dict[str, object]) -> str:
    """Say what the platform received: the candle that decided it, the order, the platform's verdict."""
    fields = entry["fields"]
    assert isinstance(fields, dict)  # noqa: S101 - the platform's own answer
    details = "  ".join(shown.format(fields[name]) for name, shown in _SHOWN if name in fields)
    colour = "green" if entry["verdict"] == "accepted" else "red"
    order = f"[bold]{entry['action']!s:<10}[/bold] {details}"
    return f"{moment(candle_ms)}  {order}  [{colour}]{entry['verdict']}[/{colour}]"


def _print_summary(summary: Summary) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    position = {1: "long", -1: "short", 0: "flat"}[summary.side]
    change = 100 * (summary.equity / summary.capital - 1)
    same = "yes, byte for byte" if summary.equal else "NO: please report this"
    for name, value in (
        ("strategy", f"{summary.strategy} on {summary.symbol}"),
        ("candles", f"{summary.bars}, {moment(summary.first_ms)} to {moment(summary.last_ms)} UTC"),
        (
            "messages decided",
            f"{summary.decided}" + (f"; entries refused: {summary.refused}" if summary.refused else ""),
        ),
        ("messages delivered", f"{summary.delivered}; in the platform's ledger: {summary.ledger_messages}"),
        ("same as a backtest", same),
        ("position at the end", f"{position} (believed)"),
        ("result", f"{number(summary.capital)} → {number(summary.equity)} ({change:+.2f} %)"),
        ("account on the platform", f"{number(float(summary.platform_equity))}, by the fills of what it received"),
        ("files in", str(summary.folder)),
    ):
        table.add_row(name, value)
    console.print()
    console.print(table, highlight=False)
    console.print(
        f"\nNext: [bold]{program()} backtest {summary.rule_file}[/bold], or open that file and change it.",
        soft_wrap=True,
    )


def _shipped(name: str) -> Path:
    here = Path(__file__).resolve().parents[2] / "strategies" / name
    return Path("strategies") / name if (Path("strategies") / name).exists() else here
