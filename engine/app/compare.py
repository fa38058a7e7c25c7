"""A strategy on a chart's candles beside the list of trades that TradingView's Strategy Tester made there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from engine.adapters.tradingview_trades import read_trades
from engine.app.backtests import prepare
from engine.app.explain import Why, explain_bar
from engine.app.rule_sizes import with_size
from engine.backtest import Result, RunDefinition
from engine.backtest.compare import Comparison, compare
from engine.backtest.prepared import Prepared
from engine.backtest.suspects import suspects
from engine.documents import read_text
from engine.errors import InvalidInputError
from engine.rules.rule import read_rule

_AS_ON_A_CHART = {"fills": "tradingview", "warmup": 0, "costs": {"capital": 1_000_000, "commission_percent": 0}}
"""What TradingView takes where nothing else is stated."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Compared:
    """Both lists, one to one. `why` explains our side where they part; `suspects` say what the differences share."""

    prepared: Prepared
    result: Result
    trades_file: str
    comparison: Comparison
    suspects: list[str]
    why: Why | None


def compare_trades(definition: RunDefinition, size: str | None = None) -> Compared:
    """Backtest as on a TradingView chart, and compare. `size` stands in for the rule file's.

    What the definition does not state is TradingView's: its emulator, no warm-up, 1,000,000 of capital, no commission.
    Errors: InvalidInputError and its kinds.
    """
    if definition.compare.trades is None:
        raise InvalidInputError(
            "there is nothing to compare with; give --trades, the list exported from the Strategy Tester as CSV"
        )
    chart = overlaid(RunDefinition.model_validate({"strategy": definition.strategy, **_AS_ON_A_CHART}), definition)
    rule = None
    if size is not None:
        rule = read_rule(with_size(read_text(chart.strategy), chart.strategy, size), chart.strategy)
    theirs = read_trades(Path(definition.compare.trades), definition.compare.zone)
    prepared = prepare(chart, rule)
    result = prepared.run()
    tick = prepared.instrument.tick
    comparison = compare(result.trades, theirs, prepared.bars, tick, prepared.costs)
    return Compared(
        prepared, result, definition.compare.trades, comparison, suspects(comparison, tick), _why(prepared, comparison)
    )


def overlaid(base: Model, over: Model) -> Model:
    """Give `base` with everything that `over` states."""
    update: dict[str, object] = {}
    for name in over.model_fields_set:
        old, new = getattr(base, name), getattr(over, name)
        if isinstance(old, BaseModel) and isinstance(new, BaseModel):
            update[name] = overlaid(old, new)
        else:
            update[name] = {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new
    return base.model_copy(update=update)


def _why(prepared: Prepared, comparison: Comparison) -> Why | None:
    """Explain the bar at whose close was decided what first differs: the one before it happened."""
    parted = comparison.first_difference
    if parted is None:
        return None
    at = int(prepared.bars.time.searchsorted(parted.first_ms)) - 1
    return explain_bar(prepared, at) if 0 <= at < len(prepared.bars) else None
