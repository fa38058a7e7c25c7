"""`request.security(symbol, timeframe, expression)`: an expression on the candles of another timeframe or symbol.

Its value on a bar is that of the last of those candles that has closed when the bar closes. So it looks at nothing that
is not known yet, and what it once was on a bar it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.indicators import UNKNOWN, Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.feed import Feed, last_closed
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.nodes import Node

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver

NAME = "request.security"
SIGNATURE = f"{NAME}(symbol, timeframe, expression)"
_NAMES = (
    *("symbol", "timeframe", "expression", "gaps", "lookahead"),
    *("ignore_invalid_symbol", "currency", "calc_bars_count"),
)
_OWN_SYMBOL, _OWN_TIMEFRAME = ("syminfo.tickerid", "syminfo.ticker", "tickerid"), ("timeframe.period",)
_AS_HERE = {"gaps": ("barmerge.gaps_off", "false"), "lookahead": ("barmerge.lookahead_off", "false")}
_REFUSED = {
    "gaps": (
        "'gaps' can only be barmerge.gaps_off: the last value holds until the next one comes",
        "leave it out; for the bars on which a value is new, compare it: x != x[1]",
    ),
    "lookahead": (
        "'lookahead' can only be barmerge.lookahead_off: a value from before its candle has closed is one that "
        "no live trade can have",
        "leave it out, and [1] too where it stood to make up for it: the last closed candle is what you get",
    ),
}
_SYMBOL = re.compile(r"[^\s/:]+/[^\s/:]+(:[^\s/:]+)?")


@dataclass(frozen=True, eq=False)
class Security(Node):
    """A node's value on the candles of `feed`, as of the last of them that has closed; unknown before the first.

    `every` is how many of the rule's own bars one of those candles takes up at most.
    """

    feed: Feed
    node: Node
    every: int

    def joined_bars(self, warmup: int) -> int:
        """How many earlier bars its value needs where the candles are made of the rule's own.

        Among them are `warmup` + 1 whole candles, wherever the first one is cut and the last one is unfinished.
        """
        return (warmup + 2) * self.every - 2


def taken(column: Column, kind: Kind, bars: Bars, other: Bars) -> Column:
    """Give values on `other` as they are known when each of `bars` closes."""
    unknown = np.full(1, np.nan if kind is Kind.SERIES else UNKNOWN, dtype=column.dtype)
    return np.concatenate([unknown, column])[last_closed(bars, other) + 1]


def security_node(resolver: Resolver, call: s.Call) -> Node | None:
    """Give the node of the call; reported, and None, where something about it is wrong."""
    if resolver.outer is not None:
        _refuse_nested(resolver, call)
        return None
    bound = bind(call, _NAMES, frozenset(_NAMES[3:]), SIGNATURE, resolver.report)
    if bound is None:
        return None
    symbol = _symbol(resolver, bound["symbol"])
    timeframe = _timeframe(resolver, bound["timeframe"])
    if not _further_fit(resolver, bound) or symbol is None or timeframe is None:
        return None
    if (symbol, timeframe) == ("", resolver.timeframe.plain):
        return resolver.node(bound["expression"])
    feed = Feed(symbol, timeframe)
    node = resolver.elsewhere(feed, bound["expression"])
    if node is None:
        return None
    return resolver.one(Security(node.kind, feed, node, max(1, timeframe.most_of(resolver.timeframe))))


def on_own_bars(nodes: Iterable[Node], roots: Iterable[Node]) -> list[Node]:
    """Give `roots` with every Security replaced by what it is of, as if the rule's own candles were those asked for.

    `nodes` are all behind the roots, each after its inputs. For trying calls out, where any candles will do.
    """
    found: dict[Node, Node] = {}
    for node in nodes:
        found[node] = node.node if isinstance(node, Security) else _rebuilt(node, found)
    return [found[root] for root in roots]


def _rebuilt(node: Node, found: Mapping[Node, Node]) -> Node:
    if all(found[i] is i for i in node.inputs):
        return node
    changes: dict[str, Any] = {}
    for name in (field.name for field in fields(node) if field.init):
        value = getattr(node, name)
        if isinstance(value, Node):
            changes[name] = found[value]
        elif isinstance(value, tuple):
            changes[name] = tuple(found[part] if isinstance(part, Node) else part for part in value)
    return replace(node, **changes)


def _symbol(resolver: Resolver, syntax: s.Syntax) -> str | None:
    if resolver.dotted(syntax) in _OWN_SYMBOL:
        return ""
    if not isinstance(syntax, s.Text):
        resolver.report(syntax, "'symbol' takes a text in quotes", 'such as "ETH/USDT"; "" is the rule\'s own symbol')
        return None
    if syntax.value in ("", resolver.symbol):
        return ""
    if not _SYMBOL.fullmatch(syntax.value):
        hint = 'write it as ccxt does: "ETH/USDT" (spot), "ETH/USDT:USDT" (perpetual); "" is the rule\'s own symbol'
        resolver.report(syntax, f"'{syntax.value}' is no symbol", hint)
        return None
    return syntax.value


def _timeframe(resolver: Resolver, syntax: s.Syntax) -> Timeframe | None:
    own = resolver.timeframe
    if resolver.dotted(syntax) in _OWN_TIMEFRAME:
        return own.plain
    if not isinstance(syntax, s.Text):
        text = f'"{syntax.value:g}"' if isinstance(syntax, s.Number) else '"4h", or Pine\'s "240"'
        resolver.report(syntax, "'timeframe' takes a text in quotes", f"write {text}")
        return None
    if not syntax.value:
        return own.plain
    try:
        timeframe = Timeframe.read(syntax.value)
    except ValueError as error:
        resolver.report(syntax, str(error))
        return None
    if not resolver.timeframe_known or timeframe.consists_of(own):
        return timeframe
    if timeframe.longest_ms < own.length_ms:
        reason = f"{timeframe} candles are shorter than the rule's own, {own}"
    else:
        reason = f"{timeframe} candles do not consist of whole {own} candles, the rule's own"
    resolver.report(syntax, reason, "take a timeframe that the rule's own divides")
    return None


def _further_fit(resolver: Resolver, bound: Mapping[str, s.Syntax]) -> bool:
    good = True
    for name in (name for name in _NAMES[3:] if name in bound):
        if resolver.dotted(bound[name]) in _AS_HERE.get(name, ()):
            continue
        message, hint = _REFUSED.get(name, (f"'{name}' of {NAME} has no meaning here", "leave it out"))
        resolver.report(bound[name], message, hint)
        good = False
    return good


def _refuse_nested(resolver: Resolver, call: s.Call) -> None:
    """Say where it stands inside another one: here, or where a name brought it there."""
    reason = "its expression is computed on candles of that one timeframe"
    place = resolver.brought_here_by
    if place is None:
        resolver.report(call.function, f"{NAME} cannot stand inside another one", reason)
        return
    outer, at = place
    outer.report(
        at, f"a name in here stands for something with {NAME} in it, which cannot stand inside another", reason
    )
