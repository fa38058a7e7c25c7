"""What a rule computes: how many expressions stand in its file, which of them are one value, what makes it wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from engine.market.feed import Feed
from engine.rules import security
from engine.rules import syntax as s
from engine.rules.describe import texts_of
from engine.rules.expression import Expression
from engine.rules.expressions import Condition, Expressions
from engine.rules.nodes import Candle, Constant, Indicator, Node, Output
from engine.rules.plan import Plan
from engine.rules.resolver import Resolver
from engine.rules.security import Security

Value = tuple[Feed | None, Node]
"""Something computed: on which candles (None: the rule's own), and what."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A definition or an indicator: its name ("" without one), what it is, in how many places it stands.

    Where it is defined does not count, so a definition that nothing uses stands in none.
    """

    name: str
    text: str
    places: int


@dataclass(frozen=True)
class Census:
    """A rule's plan, counted. `expressions` are those written in the file that have a value, a part of another too.

    `causes` are what the warm-up consists of: what needs earlier candles, and how many.
    """

    expressions: int
    values: frozenset[Value]
    computed: tuple[Computed, ...]
    causes: tuple[tuple[str, int], ...]


def take_census(plan: Plan, written: Expressions, resolver: Resolver) -> Census:
    """Count the plan of a rule whose expressions are `written`; `resolver` knows its parameters and definitions."""
    places: Counter[Node] = Counter()
    for expression in _all(written):
        places.update(_nodes(resolver, expression))
    named: dict[Node, str] = {}
    for name in written.defines:
        node = resolver.define(name)
        if node is not None and not isinstance(node, (Constant, Candle)):
            named.setdefault(node, name)
    texts = texts_of(Plan.of({**plan.outputs, **{f"define {n}": node for node, n in named.items()}}).nodes, named)
    computed = [Computed(name, texts[node], places[node] - 1) for node, name in named.items()]
    several = {node.indicator for node in plan.nodes if isinstance(node, Output)}
    computed += [
        Computed("", texts[node], places[node])
        for node in plan.nodes
        if isinstance(node, (Indicator, Output, Security)) and node not in named and node not in several
    ]
    return Census(sum(places.values()), frozenset(_values(plan, None)), tuple(computed), tuple(_causes(plan, texts)))


def _values(plan: Plan, feed: Feed | None) -> Iterator[Value]:
    """Give what is computed: candles and numbers are there already, and an output is picked from what is."""
    for node in plan.nodes:
        if not isinstance(node, (Constant, Candle, Output, Security)):
            yield feed, node
    for other, inner in plan.feeds.items():
        yield from _values(inner, other)


def _causes(plan: Plan, texts: Mapping[Node, str]) -> Iterator[tuple[str, int]]:
    """Follow the longest path of memories from the outputs inwards."""
    own = {n: plan.joined.get(n.feed, 0) if isinstance(n, Security) else n.memory for n in plan.nodes}
    needed: dict[Node, int] = {}
    for node in plan.nodes:
        needed[node] = own[node] + max((needed[i] for i in node.inputs), default=0)
    at = max(plan.outputs.values(), key=lambda node: needed[node], default=None)
    while at is not None and needed[at]:
        if own[at]:
            yield texts[at], own[at]
        at = max(at.inputs, key=lambda node: needed[node], default=None)


def _all(written: Expressions) -> Iterator[Expression]:
    yield from written.defines.values()
    for condition in written.conditions.values():
        yield from _leaves(condition)
    yield from written.values.values()


def _leaves(condition: Condition) -> Iterator[Expression]:
    if isinstance(condition, Expression):
        yield condition
        return
    for part in condition.parts:
        yield from _leaves(part)


def _nodes(resolver: Resolver, expression: Expression) -> Iterator[Node]:
    """Give the node of each part that has a value which is not plainly a number."""
    pending: list[s.Syntax] = [expression.syntax]
    while pending:
        syntax = pending.pop()
        if isinstance(syntax, s.Argument):
            pending.append(syntax.value)
        if isinstance(syntax, (s.Argument, s.Number, s.Text)):
            continue
        node = resolver.resolve(replace(expression, syntax=syntax), None)
        if node is not None and not isinstance(node, Constant):
            yield node
        pending.extend(_below(resolver, syntax))


def _below(resolver: Resolver, syntax: s.Syntax) -> list[s.Syntax]:
    """Give the parts of a part; of `a + b + c`, which leans left, all three."""
    if isinstance(syntax, s.Attribute):
        return _below(resolver, syntax.owner)
    if isinstance(syntax, s.Call):
        # What stands in request.security is on other candles: it is counted as one.
        return [] if resolver.dotted(syntax.function) == security.NAME else list(syntax.arguments)
    if isinstance(syntax, s.History):
        return [syntax.operand]
    parts: list[s.Syntax] = []
    while isinstance(syntax, s.Binary):
        parts.append(syntax.right)
        syntax = syntax.left
    return [*parts, syntax] if parts else list(syntax.parts)
