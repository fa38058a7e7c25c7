"""What `check` says of a good file: in a line, and in full."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING

from engine.app.check import FileReport, Needed, RouteReport, RuleReport, example, shared_with
from engine.cli.output import moment, program

if TYPE_CHECKING:
    from engine.backtest import RunDefinition
    from engine.config import PaperConfig, RunConfig
    from engine.rules.model import Param

_WIDTH = 100
_INDENT = 14
_ABOUT = {"opens": "opens", "leaves": "leaves", "aside": "stands aside", "watch": "watches", "tells": "tells"}


def line_of(report: FileReport, rules: Sequence[RuleReport]) -> str:
    """Give one line about a file; `rules` are all that are checked with it."""
    if rule := report.rule:
        cause = f", because of {rule.slowest}" if rule.slowest else ""
        said = f"{_trades(rule)}; {_counts(rule, rules)}; warm after {rule.warmup} candles{cause}"
    elif config := report.config:
        routes = ", ".join(f"{r.strategy} {r.symbol} {r.timeframe} → {r.connector}" for r in report.routes)
        said = f"A {config.mode} config on {config.exchange.id}: {routes}"
    else:
        assert report.definition is not None  # noqa: S101 - one of the three is there
        named, expected = report.routes[0].strategy, len(report.definition.expect)
        said = f"A backtest of {named} on {report.definition.data}, {expected} expectations"
    return f"{report.file}: good. {said}"


def lines_of(report: FileReport, rules: Sequence[RuleReport]) -> Iterator[str]:
    """Give all there is to say about a file."""
    if report.rule is not None:
        yield f"{report.file}: good. {_trades(report.rule)}; {_counts(report.rule, rules)}."
        yield ""
        yield from _rule(report.rule, example(Path(report.file)), report.file)
    elif report.config is not None:
        yield from _config(report, report.config)
    elif report.definition is not None:
        yield from _definition(report, report.definition)


def _trades(rule: RuleReport) -> str:
    return f"{rule.name} trades {rule.market} on {rule.timeframe} candles"


def _counts(rule: RuleReport, rules: Sequence[RuleReport]) -> str:
    common = shared_with(rule, rules)
    others = f", {common} of them shared with other files" if common else ""
    return f"{rule.expressions} expressions, {len(rule.values)} values computed{others}"


def _rule(rule: RuleReport, opening: str | None, file: str) -> Iterator[str]:
    rows = [(computed.name, computed.text, _places(computed.places, computed.name)) for computed in rule.computed]
    names, texts = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    texts = min(texts, _WIDTH - _INDENT - names - 18)
    for i, (name, text, places) in enumerate(rows):
        yield f"{'computes' if not i else '':{_INDENT}}{name:{names}}  {_cut(text, texts):{texts}}  {places}"
    for i, needed in enumerate(rule.needed):
        yield from _row("needs" if not i else "", _candles(needed))
    if rule.warmup:
        yield from _row("warm after", f"{_wait(rule.warmup, rule.needed[0].days)}: {_causes(rule)}")
    else:
        yield from _row("warm after", "no candle: nothing looks back")
    for i, (name, param) in enumerate(rule.params.items()):
        yield from _row("parameters" if not i else "", f"{name} = {param.default:g}{_range(param)}")
    about = ""
    for sentence in rule.conduct:
        yield from _row("" if sentence.about == about else _ABOUT[sentence.about], sentence.says)
        about = sentence.about
    for i, possible in enumerate(rule.messages):
        yield from _row("sends" if not i else "", " ".join([possible.action, ", ".join(possible.fields)]).strip())
    if opening is not None:
        yield ""
        yield "The first order it opens on the sample market (the token is put in when it is sent):"
        yield opening
    if rule.tests:
        yield ""
        yield f"It holds {rule.tests} test{'s' * (rule.tests != 1)}: {program()} test {file}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _config(report: FileReport, config: RunConfig) -> Iterator[str]:
    money = "real money" if config.mode == "live" else "pretended money"
    candles = "the synthetic sample market" if config.exchange.id == "sample" else f"candles of {config.exchange.id}"
    yield f"{report.file}: good. A {config.mode} config: {candles}, {money}."
    yield ""
    for i, route in enumerate(report.routes):
        yield from _row("runs" if not i else "", f"{route.strategy} {route.symbol} {route.timeframe}{_given(route)}")
        yield from _row("", f"  from {route.file}, warm after {_wait(route.warmup, route.days)}")
        yield from _row("", f"  to connector {route.connector} at {route.receiver}")
    yield from _row("capital", f"{config.capital:,.10g}")
    yield from _row("state", normpath(config.state))
    if config.paper is not None:
        yield from _row("paper", _paper(config.paper))
    start = f"{program()} run --config {report.file}"
    yield from _row("to start it", f"{start} --confirm-live" if config.mode == "live" else start)


def _paper(paper: PaperConfig) -> str:
    where = f"{paper.host}, reached by others, " if paper.reached_by_others else ""
    drill = "; it can be made to misbehave at /api/drill" if paper.drill else ""
    return f"our own receiver on {where}port {paper.port}, kept in {normpath(paper.ledger)}{drill}"


def _definition(report: FileReport, definition: RunDefinition) -> Iterator[str]:
    route, costs = report.routes[0], definition.costs
    data = "the synthetic sample market" if definition.data == "sample" else definition.data
    if definition.portfolio is not None:
        data = f"{', '.join(definition.portfolio.symbols)} out of one capital"
    yield f"{report.file}: good. A backtest of {route.strategy} on {data}."
    yield ""
    yield from _row("runs", f"{route.file}{_given(route)}, warm after {_wait(route.warmup, route.days)}")
    first = moment(definition.start) or "the first candle"
    yield from _row("period", f"{first} to {moment(definition.end) or 'the last candle'}")
    yield from _row(
        "costs",
        f"{costs.commission_percent:g} % a fill, {costs.slippage_ticks:g} ticks of slippage; capital "
        f"{costs.capital:,.10g}",
    )
    expected = ", ".join(definition.expect) or "nothing; `expect` would hold what must come out"
    yield from _row("expects", expected)
    yield from _row("to run it", f"{program()} backtest {report.file}")


def _row(head: str, text: str) -> Iterator[str]:
    lead = " " * (len(text) - len(text.lstrip()))
    for i, line in enumerate(textwrap.wrap(text.lstrip(), _WIDTH - _INDENT - 2, subsequent_indent="  ") or [""]):
        yield f"{head if not i else '':{_INDENT}}{lead}{line}"


def _places(count: int, name: str) -> str:
    if not count:
        return "used nowhere" if name else ""
    return f"in {count} place{'s' * (count != 1)}"


def _candles(needed: Needed) -> str:
    if not needed.source:
        return f"{needed.candles} candles of its symbol"
    return f"{needed.candles} candles, {needed.source}; {_wait(needed.warmup, needed.days)} of them to be warm"


def _wait(candles: int, days: float) -> str:
    shown = f"{days:.0f}" if days >= 10 else f"{days:.1f}"
    return f"{candles:,} candles ({shown} days)"


def _causes(rule: RuleReport) -> str:
    return ", and ".join(f"{candles:,} for {text}" for text, candles in rule.causes)


def _range(param: Param) -> str:
    bounds = [
        f"{word} {at:g}" for word, at in (("from", param.min), ("to", param.max), ("by", param.step)) if at is not None
    ]
    return f", {' '.join(bounds)}" if bounds else ""


def _given(route: RouteReport) -> str:
    return f" with {', '.join(f'{name}={value:g}' for name, value in route.params.items())}" if route.params else ""
