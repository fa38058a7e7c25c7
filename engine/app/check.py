"""What a file does, told before anything runs: a rule's plan, a config's routes, a run definition."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from engine.app.backtests import definition_in
from engine.app.conduct import Sentence, conduct_of
from engine.app.possible import Possible, example_of, possible_messages
from engine.app.profiles import check_words
from engine.app.system import read_routes
from engine.backtest import RunDefinition
from engine.config import RunConfig, is_config, read_config
from engine.rules import Plan, Rule, read_rule_file, warnings_of
from engine.rules.census import Computed, Value, take_census
from engine.rules.model import Param
from engine.rules.resolver import Resolver

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Needed:
    """Candles that a rule needs, and how many of them come before its values are right.

    `source` says where they come from where they are not the rule's own.
    """

    candles: str
    warmup: int
    days: float
    source: str


@dataclass(frozen=True)
class RuleReport:
    """What a rule does. `slowest` is the indicator that most of the warm-up is for, `causes` all that add to it.

    `values` are those computed on each candle; `expressions` those written in the file.
    """

    name: str
    market: str
    timeframe: str
    params: Mapping[str, Param]
    expressions: int
    values: frozenset[Value]
    computed: tuple[Computed, ...]
    needed: list[Needed]
    slowest: str
    causes: tuple[tuple[str, int], ...]
    conduct: list[Sentence]
    messages: list[Possible]
    tests: int

    @property
    def warmup(self) -> int:
        """How many of the rule's own candles come before it may trade."""
        return self.needed[0].warmup


@dataclass(frozen=True)
class RouteReport:
    """A strategy on a symbol, as a config or a run definition has it."""

    strategy: str
    file: str
    symbol: str
    timeframe: str
    warmup: int
    days: float
    params: Mapping[str, float]
    connector: str = ""
    receiver: str = ""


@dataclass(frozen=True)
class FileReport:
    """What a good file is. Of `rule`, `config` and `definition` one is there, with the routes of the last two."""

    file: str
    warnings: list[str]
    rule: RuleReport | None = None
    config: RunConfig | None = None
    definition: RunDefinition | None = None
    routes: list[RouteReport] = field(default_factory=list)


def report_on(path: Path) -> FileReport:
    """Read a rule file, a config or a run definition. Errors: InvalidInputError with all that is wrong in it."""
    if is_config(path):
        config = read_config(path, os.environ)
        specs = read_routes(config)
        check_words(config, specs)
        plans = [spec.rule.plan(spec.params) for spec in specs]
        routes = [
            _route(
                spec.rule,
                plan,
                file=route.strategy,
                symbol=spec.symbol,
                params=spec.params,
                connector=spec.connector,
                receiver=urlsplit(config.connectors[spec.connector].url).netloc,
            )
            for spec, route, plan in zip(specs, config.routes, plans, strict=True)
        ]
        return FileReport(str(path), _warnings(plans), config=config, routes=routes)
    if definition := definition_in(path):
        rule = read_rule_file(definition.strategy)
        plan = rule.plan(definition.params)
        symbol, params = definition.symbol or "", definition.params
        route = _route(rule, plan, file=definition.strategy, symbol=symbol, params=params)
        return FileReport(str(path), _warnings([plan]), definition=definition, routes=[route])
    rule = read_rule_file(path)
    plan = rule.plan()
    return FileReport(str(path), _warnings([plan]), rule=_rule_report(rule, plan))


def example(path: Path) -> str | None:
    """Give an order that the rule in a file opens on the sample market, as JSON. Errors: InvalidInputError."""
    return example_of(read_rule_file(path))


def shared(reports: Sequence[RuleReport]) -> dict[str, tuple[int, int]]:
    """Say for each timeframe that several rules are on how many values they compute in all, and how many are shared."""
    found: dict[str, tuple[int, int]] = {}
    for timeframe in dict.fromkeys(report.timeframe for report in reports):
        together = [report for report in reports if report.timeframe == timeframe]
        counts = Counter(value for report in together for value in report.values)
        if len(together) > 1:
            found[timeframe] = (len(counts), sum(count > 1 for count in counts.values()))
    return found


def shared_with(report: RuleReport, others: Sequence[RuleReport]) -> int:
    """Count the values of a rule that one of the others computes too, on the same candles."""
    there = [o.values for o in others if o is not report and o.timeframe == report.timeframe]
    return len(report.values & frozenset[Value]().union(*there))


def _rule_report(rule: Rule, plan: Plan) -> RuleReport:
    params = {name: param.default for name, param in rule.file.params.items()}
    census = take_census(plan, rule.expressions, Resolver(params, rule.expressions.defines, rule.timeframe))
    return RuleReport(
        name=rule.name,
        market=str(rule.market),
        timeframe=str(rule.timeframe),
        params=rule.file.params,
        expressions=census.expressions,
        values=census.values,
        computed=census.computed,
        needed=_needed(rule, plan),
        slowest=plan.slowest_call,
        causes=census.causes,
        conduct=conduct_of(rule),
        messages=possible_messages(rule),
        tests=len(getattr(rule.file, "tests", [])),
    )


def _needed(rule: Rule, plan: Plan) -> list[Needed]:
    found = [Needed(str(rule.timeframe), plan.warmup, plan.warmup * rule.timeframe.length_ms / _DAY_MS, "")]
    for feed, inner in plan.feeds.items():
        source = "made of the rule's own" if feed in plan.joined else "fetched beside the rule's own"
        found.append(Needed(str(feed), inner.warmup, inner.warmup * feed.timeframe.length_ms / _DAY_MS, source))
    return found


def _route(
    rule: Rule,
    plan: Plan,
    *,
    file: str,
    symbol: str,
    params: Mapping[str, float],
    connector: str = "",
    receiver: str = "",
) -> RouteReport:
    days = plan.warmup * rule.timeframe.length_ms / _DAY_MS
    shown = os.path.normpath(file)
    return RouteReport(rule.name, shown, symbol, str(rule.timeframe), plan.warmup, days, params, connector, receiver)


def _warnings(plans: Sequence[Plan]) -> list[str]:
    return list(dict.fromkeys(warning for plan in plans for warning in warnings_of(plan)))
