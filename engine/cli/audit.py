"""`signal-engine audit`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, moment, print_json

if TYPE_CHECKING:
    from engine.app.audit import Difference, RouteAudit

_SHOWN = 20


def audit(
    config: Annotated[Path, typer.Option("--config", help="The config whose journal is meant.")],
    since: Annotated[str, typer.Option(help="UTC: yesterday, today, 36h, 7d, 2024-01-31, 2024-01-31T12:00.")] = "7d",
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the exchange for its candles of now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead.")] = False,
) -> None:
    """Replay the journal through the backtester: live must have decided what the backtest decides.

    Each difference is named: revised, late or missed candle; expired, rejected or refused entry; closed by hand; edited
    rule. Ends with 1 where nothing explains one. It only reads, also beside the running engine.
    """
    from engine.adapters.clocks import SystemClock
    from engine.app.audit import audit as run_audit
    from engine.app.since import read_since
    from engine.config import read_config

    clock = SystemClock()
    since_ms = read_since(since, clock.now_ms())
    reports = run_audit(read_config(config, os.environ), clock, since_ms, offline=offline)
    unexplained = sum(report.unexplained for report in reports)
    if as_json:
        same = not any(report.differences for report in reports)
        routes = [asdict(report) for report in reports]
        print_json({"since_ms": since_ms, "same": same, "unexplained": unexplained, "routes": routes})
    else:
        for report in reports:
            _print(report, since_ms)
    raise typer.Exit(1 if unexplained else 0)


def _print(report: RouteAudit, since_ms: int) -> None:
    from engine.documents import counted

    differences = report.differences
    verdict = "as the backtest decides"
    if differences:
        whole = f"{report.unexplained} UNEXPLAINED" if report.unexplained else "all explained"
        verdict = f"{counted(len(differences), 'difference')} from the backtest, {whole}"
    seen = f"{counted(report.bars, 'bar')} since {moment(since_ms)}, {counted(report.decisions, 'decision')}"
    _say(f"{report.route}: {verdict}. {seen}, the slowest {report.slowest_ms / 1000:.1f} s after its close")
    for note in report.notes:
        _say(f"    {note}")
    # What nothing explains is never behind those that are not shown.
    shown = sorted(differences, key=lambda one: one.cause != "unexplained")[:_SHOWN]
    for difference in sorted(shown, key=lambda one: one.bar_ms):
        _say(f"    {moment(difference.bar_ms)}  {difference.cause}: {_told(difference)}")
    if len(differences) > _SHOWN:
        _say(f"    ... and {len(differences) - _SHOWN} more; --json has them all")


def _told(difference: Difference) -> str:
    if difference.detail:
        decided = f"decided {_moves(difference.live)}; " if difference.live else ""
        return decided + difference.detail
    return f"decided {_moves(difference.live)}; without it {_moves(difference.backtest)}"


def _moves(decided: list[dict[str, object]]) -> str:
    return ", ".join(f"{one['move']} ({one['reason']})".lower().replace("_", " ") for one in decided) or "nothing"


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
