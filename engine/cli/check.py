"""`signal-engine check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import console, errors


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Rule files, configs, run definitions.")],
) -> None:
    """Check files: every mistake with file:line:column, or what the file will do."""
    from engine.errors import InvalidInputError

    wrong = 0
    for path in files:
        try:
            console.print(_describe(path), highlight=False, soft_wrap=True)
        except InvalidInputError as error:
            wrong += 1
            errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)


def _describe(path: Path) -> str:
    from engine.app.backtests import definition_in
    from engine.app.system import read_routes
    from engine.config import is_config, read_config
    from engine.rules import read_rule_file

    if is_config(path):
        config = read_config(path, os.environ)
        routes = ", ".join(f"{spec.key} → {spec.connector}" for spec in read_routes(config))
        return f"{path}: good. A {config.mode} config on {config.exchange.id}: {routes}"
    if definition := definition_in(path):
        rule = read_rule_file(definition.strategy)
        return f"{path}: good. A backtest of {rule.name} on {definition.data}, {len(definition.expect)} expectations"
    rule = read_rule_file(path)
    plan = rule.plan()
    slowest = plan.slowest_call
    cause = f", because of {slowest}" if slowest else ""
    return (
        f"{path}: good. {rule.name} trades {rule.market} on {rule.timeframe} candles; "
        f"{len(plan.nodes)} values a candle; warm after {plan.warmup} candles{cause}"
    )
