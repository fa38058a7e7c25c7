"""Every run definition in backtests/ gives the result that it states."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.app.backtests import definition_in, run_backtest, run_portfolio
from engine.backtest import RunDefinition
from engine.backtest.definition import Played

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "backtests").glob("*.yaml"))

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> RunDefinition:
    definition = definition_in(path)
    assert definition is not None, f"{path} is no run definition"
    return definition


@cache
def result_of(path: Path) -> Played:
    definition = read(path)
    return run_portfolio(definition) if definition.portfolio else run_backtest(definition)


@every_file
def test_the_expectations_hold(path: Path) -> None:
    """The run gives every number and every message that the file expects, and the file expects the messages."""
    definition = read(path)
    assert {"messages", "messages_sha256", "net_profit", "closed_trades"} <= set(definition.expect)
    assert definition.differences(result_of(path)) == []


@every_file
def test_a_changed_expectation_is_reported(path: Path) -> None:
    """Whichever expectation is changed, exactly that one is reported, with what was expected and what was got."""
    definition = read(path)
    for name, expected in definition.expect.items():
        wrong = f"0{expected}" if isinstance(expected, str) else (expected or 0) + 1
        changed = definition.model_copy(update={"expect": {**definition.expect, name: wrong}})
        (line,) = changed.differences(result_of(path))
        assert line.startswith(f"{name}: expected {wrong}, got ")


def test_every_strategy_has_a_run_definition() -> None:
    """For each rule file in strategies/ there is a run definition that is checked here."""
    checked = {Path(read(path).strategy).resolve() for path in FILES}
    assert set((ROOT / "strategies").glob("*.yaml")) <= checked
