"""Backtests, from files to results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from pydantic import ValidationError

from engine.adapters.funding_files import read_funding
from engine.app.candle_files import beside
from engine.app.candles import SAMPLE, candles_for, finer_for, others_for, utc_text
from engine.app.memory import keep_freed_memory
from engine.backtest import Result, RunDefinition
from engine.backtest.portfolio import PortfolioResult, backtest_portfolio
from engine.backtest.prepared import Prepared
from engine.documents import Source, from_here, parse_on, validate
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.market import Bars
from engine.rules import Plan, Rule, read_rule_file


def definition_in(path: FilePath) -> RunDefinition | None:
    """Read a run definition; None where the file is something else (a rule file). Errors: InvalidDocumentError."""
    try:
        source = Source(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    root, problems = parse_on(source)
    if "strategy" not in root.entries:
        return None
    if problems:
        raise InvalidDocumentError(problems)
    found = validate(root, RunDefinition, source)
    return _from(path.parent, found)


def _from(folder: FilePath, written: RunDefinition) -> RunDefinition:
    """Give a definition whose paths are from here, not from the folder it stands in."""

    def there(data: str) -> str:
        return data if data == SAMPLE else beside(folder, data)

    moved: dict[str, object] = {
        "strategy": from_here(folder, written.strategy),
        "data": there(written.data),
        "more": tuple(map(there, written.more)),
        "finer": written.finer and there(written.finer),
        "feeds": {symbol: there(file) for symbol, file in written.feeds.items()},
    }
    if written.costs.funding:
        moved["costs"] = written.costs.model_copy(update={"funding": from_here(folder, written.costs.funding)})
    if written.compare.trades:
        moved["compare"] = written.compare.model_copy(update={"trades": from_here(folder, written.compare.trades)})
    if written.portfolio:
        members = written.portfolio.symbols.items()
        symbols = {name: each.model_copy(update={"data": there(each.data)}) for name, each in members}
        moved["portfolio"] = written.portfolio.model_copy(update={"symbols": symbols})
    return written.model_copy(update=moved)


def definition_for(path: FilePath, given: Mapping[str, object]) -> RunDefinition:
    """Give the run definition that a rule file and some options make. Errors: InvalidInputError naming the option."""
    try:
        return RunDefinition.model_validate({**given, "strategy": str(path)})
    except ValidationError as error:
        lines = (f"{_option(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
        raise InvalidInputError("\n".join(lines)) from None


def _option(place: tuple[int | str, ...]) -> str:
    """Give the command line's name of a field: ("costs", "commission_percent") is --commission."""
    name = next((part for part in reversed(place) if isinstance(part, str)), "strategy")
    for suffix in ("_percent", "_ticks", "_bars"):
        name = name.removesuffix(suffix) if name != "slippage_percent" else name
    return "--" + name.replace("_", "-")


def run_backtest(definition: RunDefinition) -> Result:
    """Read the rule and the candles, and backtest. Errors: InvalidInputError and its kinds."""
    return prepare(definition).run()


def run_portfolio(definition: RunDefinition) -> PortfolioResult:
    """Read the rule and the candles of all symbols, and backtest. Errors: InvalidInputError and its kinds."""
    members = prepare_portfolio(definition)
    return backtest_portfolio(members, definition.portfolio.max_open if definition.portfolio else None)


def prepare_portfolio(definition: RunDefinition) -> dict[str, Prepared]:
    """Read the rule, and the candles of each symbol of a portfolio. Errors: InvalidInputError and its kinds."""
    if definition.portfolio is None:
        raise InvalidInputError(f"{definition.strategy}: the run definition has no portfolio")
    rule = read_rule_file(definition.strategy)
    return {
        symbol: prepare(
            definition.model_copy(
                update={
                    "portfolio": None,
                    "symbol": symbol,
                    "data": member.data,
                    "tick": member.tick,
                    "lot": member.lot,
                }
            ),
            rule,
        )
        for symbol, member in definition.portfolio.symbols.items()
    }


def prepare(definition: RunDefinition, rule: Rule | None = None) -> Prepared:
    """Read the candles, and the rule where it is not given. Errors: InvalidInputError and its kinds."""
    if definition.portfolio is not None:
        raise InvalidInputError(
            f"this is a portfolio of {', '.join(definition.portfolio.symbols)}; take one symbol of it"
        )
    keep_freed_memory()
    rule = rule or read_rule_file(definition.strategy)
    read, bars, instrument = candles_for(definition, rule)
    plan = rule.plan(definition.params, timeframe=bars.timeframe, symbol=instrument.symbol)
    _check_enough(rule, plan, read, bars, definition)
    return Prepared(
        rule,
        bars,
        instrument,
        definition.machine_costs(),
        definition.params,
        others_for(definition, plan, bars, instrument.symbol),
        finer_for(definition, rule, read, bars),
        read_funding(definition.costs.funding) if definition.costs.funding else None,
        definition.warmup,
    )


def _check_enough(rule: Rule, plan: Plan, read: Bars, bars: Bars, definition: RunDefinition) -> None:
    """Say what is there where nothing is in the period, or where joining candles left too few to be warm."""
    joined = read.timeframe != bars.timeframe
    if joined and len(bars) <= (needed := plan.warmup):
        raise InvalidInputError(
            f"{definition.data}: its {read.timeframe} candles make {len(bars)} of {bars.timeframe} in the period, and "
            f"{rule.name} needs {needed} of those to be warm; give more candles, or --timeframe {read.timeframe} to "
            f"decide on these"
        )
    if not len(bars):
        there = f"; there are some from {utc_text(read.time[0])} to {utc_text(read.time[-1])} UTC" if len(read) else ""
        raise InvalidInputError(f"{definition.data}: there are no candles in the period asked for{there}")
