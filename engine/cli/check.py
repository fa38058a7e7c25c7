"""`signal-engine check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, errors

if TYPE_CHECKING:
    from engine.rules import Plan


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Rule files, configs, run definitions.")],
) -> None:
    """Check files: every mistake with file:line:column, or what the file will do, with warnings."""
    from engine.errors import InvalidInputError
    from engine.rules import warnings_of

    wrong = 0
    for path in files:
        try:
            described, plans = _describe(path)
            console.print(described, markup=False, highlight=False, soft_wrap=True)
            for warning in dict.fromkeys(warning for plan in plans for warning in warnings_of(plan)):
                errors.print(f"{path}: warning: {warning}", markup=False, highlight=False, soft_wrap=True)
        except InvalidInputError as error:
            wrong += 1
            errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)


def _describe(path: Path) -> tuple[str, list[Plan]]:
    """Say what a file does, and give the plans of the rules in it."""
    from engine.app.backtests import definition_in
    from engine.app.system import read_routes
    from engine.config import is_config, read_config
    from engine.rules import read_rule_file

    if is_config(path):
        config = read_config(path, os.environ)
        specs = read_routes(config)
        routes = ", ".join(f"{spec.key} → {spec.connector}" for spec in specs)
        described = f"A {config.mode} config on {config.exchange.id}: {routes}"
        return f"{path}: good. {described}", [spec.rule.plan(spec.params) for spec in specs]
    if definition := definition_in(path):
        rule = read_rule_file(definition.strategy)
        described = f"A backtest of {rule.name} on {definition.data}, {len(definition.expect)} expectations"
        return f"{path}: good. {described}", [rule.plan(definition.params)]
    rule = read_rule_file(path)
    plan = rule.plan()
    slowest = plan.slowest_call
    cause = f", because of {slowest}" if slowest else ""
    described = (
        f"{path}: good. {rule.name} trades {rule.market} on {rule.timeframe} candles; "
        f"{len(plan.nodes)} values a candle; warm after {plan.warmup} candles{cause}"
    )
    return described, [plan]
