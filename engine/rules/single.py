"""One expression by itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.documents import Scalar, Source, Span
from engine.errors import InvalidExpressionError, InvalidInputError, Problem
from engine.indicators import UNKNOWN, Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.instrument import tick_of
from engine.rules.expression import Expression
from engine.rules.feeds import feeds_of
from engine.rules.plan import Plan
from engine.rules.resolver import MINTICK, Resolver


def plan_text(text: str, timeframe: Timeframe | None = None, mintick: float = MINTICK) -> Plan:
    """Plan an expression for candles of `timeframe` (1h); its output is "value". Errors: InvalidExpressionError.

    `mintick` is the step of the prices.
    """
    source = Source("expression", text)
    text = source.text
    read = Expression.read(source, Scalar(text, text, Span(1, 1, len(text)), 0, len(text)))
    if isinstance(read, Problem):
        raise InvalidExpressionError([read])
    resolver = Resolver({}, {}, timeframe or Timeframe(1, "h"), mintick=mintick)
    node = resolver.resolve(read, None)
    if node is None:
        raise InvalidExpressionError(resolver.problems)
    return Plan.of({"value": node})


def evaluate_text(text: str, bars: Bars, others: Mapping[str, Bars] | None = None) -> Column:
    """Give its value on every bar as float64; of a condition 1, 0, or NaN where it is unknown.

    The step of the prices is what the candles show. `others` are candles of other symbols, as fine as the expression
    asks for them or finer. Errors: InvalidExpressionError; InvalidInputError where candles of a symbol are missing, and
    where it depends on the position, which candles alone have not.
    """
    plan = plan_text(text, bars.timeframe, float(tick_of(bars)))
    if plan.programs:
        raise InvalidInputError("this depends on the position, and candles have none; position.* is for rule files")
    values = plan.evaluate(bars, feeds_of(plan, others or {}))["value"]
    if plan.outputs["value"].kind is Kind.SERIES:
        return values
    return np.where(values == UNKNOWN, np.nan, values / 2.0)
