"""The tests in a rule file, run through the same code that backtests and trades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from engine.app.explain import position_of
from engine.app.rule_test_candles import PlayedCandles, candles_for
from engine.backtest import Result, backtest
from engine.backtest.expected_messages import Expectation, Pair, Sent, pairs_of
from engine.decisions import Move
from engine.documents import Mapping, Node, Scalar, Source, parse_on, read_text
from engine.documents.nodes import child, place_of
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.market import Bars, Instrument
from engine.rules import Plan, Rule, read_rule
from engine.rules.explain import Explainer
from engine.rules.explanation import Explanation
from engine.rules.feeds import feeds_of
from engine.rules.tests_model import Expected, RuleTest

_SYMBOL = "TEST"
_NUMBERS = ("fixed", "percent", "limit", "profit", "loss", "delaySeconds")


@dataclass(frozen=True)
class Outcome:
    """What came of one test. `place` is file:line:column of its name.

    `refused` are entries that were decided and could not be sent, by candle. `why` explains the rule on the candle of
    the first difference, `bar`, where that is known. `error` says why the test could not run at all.
    """

    name: str
    place: str
    pairs: list[Pair]
    refused: dict[int, str]
    bar: int | None = None
    why: Explanation | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether every message was sent as expected, and no other."""
        return not self.error and all(pair.good for pair in self.pairs)


def run_rule_tests(path: Path) -> list[Outcome]:
    """Run the tests in a rule file. Errors: InvalidInputError where the file cannot be read or is not good."""
    text = read_text(path)
    rule = read_rule(text, str(path))
    file = _File(path, rule, Source(str(path), text))
    return [file.outcome(i, test) for i, test in enumerate(rule.file.tests)]


class _File:
    """A rule file with its text, so that places and digits can be told as they are written."""

    def __init__(self, path: Path, rule: Rule, source: Source) -> None:
        self.path, self.rule, self.source = path, rule, source
        self.root: Mapping = parse_on(source)[0]

    def outcome(self, at: int, test: RuleTest) -> Outcome:
        """Run one test."""
        span = place_of(self.root, ("tests", at, "name"))
        place = f"{self.path}:{span.line}:{span.column}"
        try:
            plan = self.rule.plan(test.params, symbol=_SYMBOL)
            candles = self.candles(at, test, plan)
            expected = list(self.expectations(at, test, candles))
            result = _run(self.rule, test, candles)
            pairs = pairs_of(expected, _sent(result, candles.first))
            bar = _first_difference(pairs)
            why = None if bar is None else _explained(self.rule, test, candles, candles.first + bar)
        except InvalidDocumentError as error:
            return Outcome(test.name, place, [], {}, error=str(error))
        except InvalidInputError as error:
            return Outcome(test.name, place, [], {}, error=str(self.source.problem(span, str(error))))
        refused = {
            int(np.searchsorted(candles.bars.time, d.time_ms)) - candles.first: d.reason.words
            for d in result.decisions
            if d.move is Move.NONE
        }
        return Outcome(test.name, place, pairs, refused, bar, why)

    def candles(self, at: int, test: RuleTest, plan: Plan) -> PlayedCandles:
        """Read or make a test's candles. Errors: InvalidDocumentError at their place."""
        try:
            return candles_for(test, self.rule.timeframe, plan, self.path.parent)
        except InvalidInputError as error:
            span = place_of(self.root, ("tests", at, "closes" if test.closes else "candles"))
            raise InvalidDocumentError([self.source.problem(span, str(error))]) from None

    def expectations(self, at: int, test: RuleTest, candles: PlayedCandles) -> Iterator[Expectation]:
        """Give what is expected, numbers with the digits that are written."""
        for k, message in enumerate(test.expect):
            path = ("tests", at, "expect", k)
            fields: dict[str, Decimal | str] = {}
            for name, value in message.model_dump(by_alias=True, exclude_unset=True, exclude={"bar", "at"}).items():
                fields[name] = self._digits((*path, name), value) if name in _NUMBERS else value
            yield Expectation(self._bar(path, message, candles), fields)

    def _digits(self, path: tuple[str | int, ...], value: Decimal) -> Decimal:
        node: Node | None = self.root
        for step in path:
            node = child(node, step) if node is not None else None
        return Decimal(node.text) if isinstance(node, Scalar) else value

    def _bar(self, path: tuple[str | int, ...], message: Expected, candles: PlayedCandles) -> int | None:
        if message.at is None:
            return message.bar
        own = candles.bars.time[candles.first :]
        bar = int(np.searchsorted(own, message.at))
        if bar == len(own) or own[bar] != message.at:
            span = place_of(self.root, (*path, "at"))
            raise InvalidDocumentError([self.source.problem(span, "no candle of this test opens then")])
        return bar


def _sent(result: Result, first: int) -> list[Sent]:
    sent = []
    for decision in result.decisions:
        message = result.message(decision)
        if message is not None:
            bar = int(np.searchsorted(result.bars.time, decision.time_ms)) - first
            fields = {name: value for name, value in message.body().items() if name != "clientOrderId"}
            sent.append(Sent(bar, decision.time_ms, fields))
    return sent


def _run(rule: Rule, test: RuleTest, candles: PlayedCandles, bars: Bars | None = None) -> Result:
    """Backtest on the candles, or on the first of them that `bars` holds."""
    instrument = Instrument(_SYMBOL, candles.tick, Decimal(repr(test.lot)) if test.lot else Decimal(0))
    return backtest(
        rule, bars or candles.bars, instrument, params=test.params, warmup=candles.warmup, others=candles.others
    )


def _first_difference(pairs: list[Pair]) -> int | None:
    """Give the candle of the first difference, the earlier of two; None without one, or where it is not known."""
    for pair in pairs:
        if not pair.good:
            bars = [message.bar for message in (pair.expected, pair.sent) if message]
            return min((bar for bar in bars if bar is not None), default=None)
    return None


def _explained(rule: Rule, test: RuleTest, candles: PlayedCandles, bar: int) -> Explanation | None:
    """Explain the rule on one of the candles."""
    bars = candles.bars[: bar + 1]
    if not 0 <= bar < len(candles.bars):
        return None
    explainer = Explainer.of(rule, test.params, symbol=_SYMBOL)
    feeds = feeds_of(explainer.plan, candles.others, _SYMBOL)
    warm = bar >= (candles.warmup or explainer.plan.first_warm(candles.bars, feeds))
    position = position_of(_run(rule, test, candles, bars)) if warm else None
    return explainer.over(bars, feeds).at(bar, position)
