"""One expression by itself."""

from __future__ import annotations

import numpy as np

from engine.documents import Scalar, Source, Span
from engine.errors import InvalidExpressionError, Problem
from engine.indicators import UNKNOWN, Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.rules.expression import Expression
from engine.rules.plan import Plan
from engine.rules.resolver import Resolver


def plan_text(text: str, timeframe: Timeframe | None = None) -> Plan:
    """Plan an expression for candles of `timeframe` (1h); its output is "value". Errors: InvalidExpressionError."""
    source = Source("expression", text)
    read = Expression.read(source, Scalar(text, text, Span(1, 1, len(text)), 0, len(text)))
    if isinstance(read, Problem):
        raise InvalidExpressionError([read])
    resolver = Resolver({}, {}, timeframe)
    node = resolver.resolve(read, None)
    if node is None:
        raise InvalidExpressionError(resolver.problems)
    return Plan.of({"value": node})


def evaluate_text(text: str, bars: Bars) -> Column:
    """Give its value on every bar as float64; of a condition 1, 0, or NaN where it is unknown."""
    plan = plan_text(text)
    values = plan.evaluate(bars)["value"]
    if plan.outputs["value"].kind is Kind.SERIES:
        return values
    return np.where(values == UNKNOWN, np.nan, values / 2.0)
