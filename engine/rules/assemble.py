"""From a rule's expressions to the outputs of its plan: conditions, price levels, sizes."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import Problem
from engine.indicators import FALSE, Kind
from engine.market import MarketKind, Timeframe
from engine.rules.expression import Expression
from engine.rules.expressions import Condition, Expressions
from engine.rules.nodes import Candle, Constant, Node
from engine.rules.resolver import MINTICK, Resolver
from engine.rules.scope import NAN
from engine.rules.syntax import Syntax

NEVER = Constant(Kind.CONDITION, FALSE)
NO_LEVEL = Constant(Kind.SERIES, NAN)


def assemble(
    market: MarketKind,
    params: Mapping[str, float],
    expressions: Expressions,
    timeframe: Timeframe | None = None,
    symbol: str = "",
    mintick: float | None = MINTICK,
) -> tuple[dict[str, Node], list[Problem]]:
    """Give the outputs by name, and everything that is wrong.

    Outputs: `long.enter`, `long.exit` (conditions); `long.take_profit`, `long.stop_loss` (prices, na without one);
    the same for short; `size` (percent or amount).
    """
    resolver = Resolver(params, expressions.defines, timeframe, expressions.unread, symbol, mintick=mintick)
    for name in expressions.defines:
        resolver.define(name)
    outputs: dict[str, Node] = {}
    for side, sign in (("long", 1), ("short", -1)):
        for what in ("enter", "exit"):
            condition = expressions.conditions.get(f"{side}.{what}")
            outputs[f"{side}.{what}"] = (condition and _condition(resolver, condition)) or NEVER
        for what, direction in (("take_profit", sign), ("stop_loss", -sign)):
            percent = _value(resolver, expressions.values.get(f"{what}.percent"), most=100 if direction < 0 else None)
            outputs[f"{side}.{what}"] = _level(resolver, percent, direction) if percent else NO_LEVEL
    size = _value(resolver, expressions.values.get("order.size.percent"), most=100)
    size = size or _value(resolver, expressions.values.get("order.size.fixed"), most=None)
    outputs["size"] = size or NO_LEVEL
    if market is MarketKind.SPOT:
        outputs["short.take_profit"] = outputs["short.stop_loss"] = NO_LEVEL
    return outputs, resolver.problems


def _condition(resolver: Resolver, condition: Condition) -> Node | None:
    if isinstance(condition, Expression):
        return resolver.resolve(condition, Kind.CONDITION)
    parts = [_condition(resolver, part) for part in condition.parts]
    if condition.kind == "not":
        return resolver.operation("not", parts[0])
    result = parts[0]
    for part in parts[1:]:
        result = resolver.operation("and" if condition.kind == "all" else "or", result, part)
    return result


def _value(resolver: Resolver, expression: Expression | None, most: float | None) -> Node | None:
    """Resolve a number that must be above 0 (and up to `most`); where it is constant, that is checked now."""
    if expression is None:
        return None
    node = resolver.resolve(expression, Kind.SERIES)
    if isinstance(node, Constant) and not (node.value > 0 and (most is None or node.value <= most)):
        limit = "above 0" if most is None else f"above 0, and at most {most:g}"
        whole = Syntax(0, len(expression.scalar.text))
        resolver.problems.append(expression.problem(whole, f"this is {node}; it must be {limit}"))
    return node


def _level(resolver: Resolver, percent: Node, direction: int) -> Node:
    """Give close * (1 ± percent / 100)."""
    close = resolver.one(Candle(Kind.SERIES, "close"))
    share = resolver.operation("/", percent, Constant(Kind.SERIES, 100.0))
    factor = resolver.operation("+" if direction > 0 else "-", Constant(Kind.SERIES, 1.0), share)
    return resolver.operation("*", close, factor) or NO_LEVEL
