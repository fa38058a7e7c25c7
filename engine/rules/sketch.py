"""The conditions of a rule taken apart as they are written, each part with its node; values come later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.indicators import Kind
from engine.rules import syntax as s
from engine.rules.expression import Expression
from engine.rules.expressions import Condition
from engine.rules.nodes import Constant, Node
from engine.rules.resolver import Resolver

_CROSSINGS = ("cross", "crossover", "crossunder")


@dataclass(frozen=True)
class Sketch:
    """A condition or a part of one (see `explanation.Part`); `operands` are the two sides of what compares numbers."""

    kind: str
    text: str
    node: Node
    parts: tuple[Sketch, ...] = ()
    operator: str = ""
    operands: tuple[tuple[str, Node], ...] = ()
    bars_ago: int = 0

    def nodes(self) -> Iterator[Node]:
        """Give every node that a value is needed of."""
        yield self.node
        yield from (node for _, node in self.operands)
        for part in self.parts:
            yield from part.nodes()


class Sketcher:
    """Takes conditions apart. All nodes equal those of the rule's plan, so that they cost it nothing more."""

    def __init__(self, resolver: Resolver) -> None:
        """Resolve parts with `resolver`, which knows the rule's parameters and definitions."""
        self.resolver = resolver
        self.used: dict[str, None] = {}

    def condition(self, condition: Condition) -> Sketch:
        """Take a condition of a rule file apart; `used` then names the definitions and parameters in it."""
        if isinstance(condition, Expression):
            return self.part(condition, condition.syntax, 0)
        parts = tuple(self.condition(part) for part in condition.parts)
        if condition.kind == "not":
            return Sketch("not", "not", self._operation("not", parts[0].node), parts)
        node = parts[0].node
        for part in parts[1:]:
            node = self._operation("and" if condition.kind == "all" else "or", node, part.node)
        return Sketch(condition.kind, condition.kind, node, parts)

    def node(self, expression: Expression, syntax: s.Syntax) -> Node:
        """Give the node of a part of an expression of a rule that is known to be good."""
        node = self.resolver.resolve(replace(expression, syntax=syntax), None)
        assert node is not None  # noqa: S101 - the rule was planned before
        return node

    def part(self, expression: Expression, syntax: s.Syntax, bars_ago: int) -> Sketch:
        """Take a condition inside an expression apart."""
        self.used |= dict.fromkeys(syntax.names())
        sketch = self._parts(expression, syntax, bars_ago)
        node, text = self.node(expression, syntax), written(expression.scalar.text, syntax)
        return sketch or Sketch("name" if isinstance(syntax, s.Name) else "value", text, node, bars_ago=bars_ago)

    def _parts(self, expression: Expression, syntax: s.Syntax, bars_ago: int) -> Sketch | None:
        """Give a condition with its parts; None where it has none to show."""
        parts: list[s.Syntax] = []
        kind = ""
        if isinstance(syntax, s.Comparison):
            if self.node(expression, syntax.operands[0]).kind is Kind.SERIES:
                return self._comparison(expression, syntax, bars_ago)
            kind, parts = syntax.operators[0], list(syntax.operands)
        if isinstance(syntax, s.Call):
            return self._crossing(expression, syntax, bars_ago)
        if isinstance(syntax, s.Binary):
            kind, parts = syntax.operator, _flat(syntax)
        elif isinstance(syntax, s.Unary) and syntax.operator == "not":
            kind, parts = "not", [syntax.operand]
        elif isinstance(syntax, s.Conditional):
            kind, parts = "choice", list(syntax.parts)
        elif isinstance(syntax, s.History):
            ago = self.node(expression, syntax.bars)
            if isinstance(ago, Constant):
                earlier = self.part(expression, syntax.operand, bars_ago + int(ago.value))
                return self._joined(expression, syntax, "earlier", (earlier,), bars_ago)
        made = tuple(self.part(expression, part, bars_ago) for part in parts)
        return self._joined(expression, syntax, kind, made, bars_ago) if made else None

    def _joined(
        self, expression: Expression, syntax: s.Syntax, kind: str, parts: tuple[Sketch, ...], bars_ago: int
    ) -> Sketch:
        text = written(expression.scalar.text, syntax)
        return Sketch(kind, text, self.node(expression, syntax), parts, bars_ago=bars_ago)

    def _comparison(self, expression: Expression, syntax: s.Comparison, bars_ago: int) -> Sketch:
        sides = [(written(expression.scalar.text, side), self.node(expression, side)) for side in syntax.operands]
        pairs = tuple(
            Sketch(
                "comparison",
                f"{sides[i][0]} {operator} {sides[i + 1][0]}",
                self._operation(operator, sides[i][1], sides[i + 1][1]),
                operator=operator,
                operands=(sides[i], sides[i + 1]),
                bars_ago=bars_ago,
            )
            for i, operator in enumerate(syntax.operators)
        )
        return pairs[0] if len(pairs) == 1 else self._joined(expression, syntax, "chain", pairs, bars_ago)

    def _crossing(self, expression: Expression, syntax: s.Call, bars_ago: int) -> Sketch | None:
        name = self.resolver.dotted(syntax.function).removeprefix("ta.")
        if name not in _CROSSINGS or len(syntax.arguments) != 2:
            return None
        order = {argument.name: argument.value for argument in syntax.arguments if argument.name}
        given = [argument.value for argument in syntax.arguments if not argument.name]
        both = [order[key] if key in order else given.pop(0) for key in ("source1", "source2")]
        sides = tuple((written(expression.scalar.text, side), self.node(expression, side)) for side in both)
        joined = self._joined(expression, syntax, "crossing", (), bars_ago)
        return replace(joined, operator=name, operands=sides)

    def _operation(self, name: str, *operands: Node) -> Node:
        node = self.resolver.operation(name, *operands)
        assert node is not None  # noqa: S101 - all its operands are there
        return node


def written(text: str, syntax: s.Syntax) -> str:
    """Give a part of an expression as it is written, with the parentheses that belong to it, on one line."""
    start, end = syntax.start, syntax.end
    while True:
        closed, opened = _unmatched(text[start:end])
        at = text.rfind("(", 0, start) if closed else text.find(")", end) if opened else -1
        if at < 0:
            return " ".join(text[start:end].split())
        start, end = (at, end) if closed else (start, at + 1)


def _unmatched(text: str) -> tuple[int, int]:
    """Count the parentheses that close what was opened before the text, and those that are open after it."""
    closed = opened = 0
    for character in text:
        if character == "(":
            opened += 1
        elif character == ")":
            closed, opened = (closed, opened - 1) if opened else (closed + 1, 0)
    return closed, opened


def _flat(syntax: s.Binary) -> list[s.Syntax]:
    """Give the parts of `a and b and c`, which leans left; none for arithmetic."""
    if syntax.operator not in ("and", "or"):
        return []
    parts: list[s.Syntax] = []
    first: s.Syntax = syntax
    while isinstance(first, s.Binary) and first.operator == syntax.operator:
        parts.append(first.right)
        first = first.left
    return [first, *reversed(parts)]


def names_in(expressions: Mapping[str, Expression], used: Iterable[str]) -> list[str]:
    """Give the definitions that `used` names, and those that they use, however deep."""
    found: dict[str, None] = {}
    pending = list(used)
    while pending:
        name = pending.pop(0)
        if name in expressions and name not in found:
            found[name] = None
            pending.extend(expressions[name].syntax.names())
    return [name for name in expressions if name in found]
