"""`timeframe.change(timeframe)`: whether a bar is the first of a new day, week, month or any other timeframe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.indicators import Kind
from engine.market import Timeframe
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.nodes import NewPeriod, Node

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver

NAME = "timeframe.change"
SIGNATURE = f"{NAME}(timeframe)"


def period_node(resolver: Resolver, call: s.Call) -> Node | None:
    """Give the node of such a call; reported, and None, where its argument is no timeframe."""
    bound = bind(call, ["timeframe"], frozenset(), SIGNATURE, resolver.report)
    if bound is None:
        return None
    given = bound["timeframe"]
    if not isinstance(given, s.Text):
        hint = (
            f'write "{given.value:g}"' if isinstance(given, s.Number) else 'such as "1d", "1w", or Pine\'s "D", "240"'
        )
        resolver.report(given, "'timeframe' takes a text in quotes", hint)
        return None
    try:
        period = Timeframe.read(given.value)
    except ValueError as error:
        resolver.report(given, str(error))
        return None
    return resolver.one(NewPeriod(Kind.CONDITION, resolver.timeframe, period))
