"""Explains a rule on a bar: what each part of its conditions was, from the very columns that its plan computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.indicators import Kind
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.rules.explanation import Explained, Explanation
from engine.rules.expression import Expression
from engine.rules.nodes import Constant, Node
from engine.rules.plan import Feeds, Plan
from engine.rules.resolver import Resolver
from engine.rules.rule import Rule
from engine.rules.sketch import Sketch, Sketcher, names_in
from engine.rules.values import TRUTHS, BarValues, position_field

_Name = tuple[str, str, Node, Sketch | None]
"""Name, text, node, and of a condition its parts."""


@dataclass(frozen=True)
class Explainer:
    """A rule made ready to be explained on any bar. `own` is its plan, `plan` the same with an output for every part.

    Nodes are shared, so the parts cost nothing more than the plan itself, and cannot disagree with it.
    """

    rule: Rule
    own: Plan
    plan: Plan
    conditions: Mapping[str, Sketch]
    """Such as "long.enter"."""
    names: tuple[_Name, ...]
    """Parameters and definitions that conditions use."""
    places: Mapping[Node, str]
    """Node → the output of `plan` that holds its column."""

    @property
    def written(self) -> Mapping[Node, str]:
        """The names of definitions, by what they stand for."""
        return {node: name for name, _, node, _ in self.names if not isinstance(node, Constant)}

    @classmethod
    def of(
        cls,
        rule: Rule,
        params: Mapping[str, float] | None = None,
        *,
        timeframe: Timeframe | None = None,
        symbol: str = "",
    ) -> Explainer:
        """Take the rule's conditions apart, planned as `Rule.plan` does it. Errors: those of `Rule.plan`."""
        plan = rule.plan(params, timeframe=timeframe, symbol=symbol)
        values = {name: param.default for name, param in rule.file.params.items()} | dict(params or {})
        written = rule.expressions
        sketcher = Sketcher(Resolver(values, written.defines, timeframe or rule.timeframe, symbol=symbol))
        conditions = {name: sketcher.condition(condition) for name, condition in written.conditions.items()}
        used = names_in(written.defines, tuple(sketcher.used))
        deeper = {name for define in used for name in written.defines[define].syntax.names()}
        names: list[_Name] = [
            (name, f"{value:g}", Constant(Kind.SERIES, value), None)
            for name, value in values.items()
            if name in sketcher.used or name in deeper
        ]
        names += [(name, *_definition(sketcher, written.defines[name])) for name in used]
        sketches = [*conditions.values(), *(sketch for *_, sketch in names if sketch)]
        nodes = {node for sketch in sketches for node in sketch.nodes()} | {node for _, _, node, _ in names}
        nodes |= {plan.outputs[name] for name in conditions if name in plan.outputs}
        places = {node: f"part {i}" for i, node in enumerate(_columns(nodes))}
        whole = Plan.of({**plan.outputs, **{place: node for node, place in places.items()}})
        return cls(rule, plan, whole, conditions, tuple(names), places)

    def over(self, bars: Bars, feeds: Feeds | None = None) -> BarExplainer:
        """Evaluate the plan on `bars` and the candles of `feeds`. Errors: those of `Plan.evaluate`."""
        others = feeds or {}
        return BarExplainer(self, bars, others, self.own.first_warm(bars, others), self.plan.evaluate(bars, others))


def _definition(sketcher: Sketcher, expression: Expression) -> tuple[str, Node, Sketch | None]:
    node = sketcher.node(expression, expression.syntax)
    sketch = sketcher.condition(expression) if node.kind is Kind.CONDITION else None
    return " ".join(expression.scalar.text.split()), node, sketch


def _columns(nodes: Iterable[Node]) -> list[Node]:
    """Give the nodes that have a column; of those that depend on the position, what they are made of that has one."""
    pending = list(nodes)
    dependent: set[Node] = set()
    for node in Plan.of({str(i): node for i, node in enumerate(pending)}).nodes:
        if position_field(node) or any(i in dependent for i in node.inputs):
            dependent.add(node)
    found: dict[Node, None] = {}
    while pending:
        node = pending.pop()
        if node in dependent:
            pending.extend(node.inputs)
        elif not isinstance(node, Constant):
            found[node] = None
    return list(found)


@dataclass(frozen=True)
class BarExplainer:
    """A rule over bars, warm from bar number `warmup` on. `columns` are the plan's outputs, as long as `bars`."""

    explainer: Explainer
    bars: Bars
    feeds: Feeds
    warmup: int
    columns: Mapping[str, Column]

    def at(self, bar: int, position: Mapping[str, float] | None = None) -> Explanation:
        """Explain the rule on a bar, 0 or more. `position` gives the fields of `position.*` by name, na as NaN."""
        here = BarValues(self.bars, self.feeds, self._column, self.explainer.written, bar, position or {})
        explained = []
        for name, sketch in self.explainer.conditions.items():
            condition = here.part(sketch)
            output = self.explainer.own.outputs.get(name)
            acts = condition.truth if output is None else TRUTHS[int(here.value(output))]
            explained.append(Explained(name, condition, acts))
        names = tuple(here.named(*named) for named in self.explainer.names)
        return Explanation(int(self.bars.time[bar]), bar, self.warmup, tuple(explained), names, dict(position or {}))

    def _column(self, node: Node) -> Column | None:
        place = self.explainer.places.get(node)
        return None if place is None else self.columns[place]
