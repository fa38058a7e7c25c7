"""From a rule's expressions to the outputs of its plan: conditions, and the numbers that the machine works with.

Conditions are always there: `long.enter long.exit long.cancel`, the same for short, `flat`; they are NEVER where the
file has none. Numbers are there where the file has them, in the unit that it states, at a side the side's own over
those of the top: `long.size .price .expire_bars .take_profit.0 .take_profit.0.close_percent .stop_loss.0 .trailing
.trailing.start .break_even .max_bars`, and once `cooldown.bars limits.day_loss limits.drawdown delay_seconds log.0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.documents.nodes import Path, child
from engine.errors import Problem
from engine.indicators import FALSE, Kind
from engine.market import Timeframe
from engine.rules import ranges
from engine.rules.expression import Expression
from engine.rules.expressions import Condition, Expressions
from engine.rules.nodes import Constant, Node
from engine.rules.places import DISTANCES, KINDS, SIDES, SIZES, Place, dotted, kind_in, of_side, rungs, word
from engine.rules.programs import DEEPEST, MOST_INSTRUCTIONS, too_long
from engine.rules.ranges import Range
from engine.rules.resolver import MINTICK, Resolver

NEVER = Constant(Kind.CONDITION, FALSE)
_FIXED = "this depends on the position, and is settled by the signal, before there is one"
_ANEW = "with every_bar: true it is set anew at each close"


@dataclass(frozen=True)
class Clock:
    """The conditions on the time: when entries may be made, and when positions are closed; None for always, never."""

    sessions: Node | None = None
    flat: Node | None = None


def assemble(
    params: Mapping[str, float],
    expressions: Expressions,
    clock: Clock,
    timeframe: Timeframe | None = None,
    symbol: str = "",
    mintick: float | None = MINTICK,
) -> tuple[dict[str, Node], list[Problem]]:
    """Give the outputs by name, and everything that is wrong."""
    resolver = Resolver(params, expressions.defines, timeframe, expressions.unread, symbol, mintick=mintick)
    for name in expressions.defines:
        resolver.define(name)
    assembly = _Assembly(resolver, expressions)
    for side in SIDES:
        assembly.conditions(side, clock)
        if side in expressions.sides:
            assembly.order(side)
            assembly.exits(side)
    assembly.outputs["flat"] = clock.flat or NEVER
    assembly.rest()
    return assembly.outputs, resolver.problems


class _Assembly:
    def __init__(self, resolver: Resolver, expressions: Expressions) -> None:
        self.resolver, self.expressions, self.root = resolver, expressions, expressions.root
        self.outputs: dict[str, Node] = {}
        self._resolved: dict[str, Node | None] = {}

    def conditions(self, side: str, clock: Clock) -> None:
        cancel = of_side(self.root, side, "order", "cancel") if side in self.expressions.sides else None
        paths = {"enter": f"{side}.enter", "exit": f"{side}.exit", "cancel": dotted(cancel[0]) if cancel else ""}
        for what, path in paths.items():
            condition = self.expressions.conditions.get(path)
            node = (condition and self._bounded(_first(condition), self._condition(condition))) or NEVER
            if what == "enter" and clock.sessions is not None:
                node = self.resolver.operation("and", node, clock.sessions) or NEVER
            self.outputs[f"{side}.{what}"] = node

    def order(self, side: str) -> None:
        for key, range_ in (("price", ranges.POSITIVE), ("expire_bars", ranges.BARS)):
            self._number(f"{side}.{key}", of_side(self.root, side, "order", key), range_, held=True)
        size = of_side(self.root, side, "order", "size")
        if size and (kind := kind_in(size, SIZES)):
            self._number(f"{side}.size", _below(size, kind), ranges.SIZE[kind], held=True)

    def exits(self, side: str) -> None:
        long = side == "long"
        for what, below in (("take_profit", not long), ("stop_loss", long)):
            self._ladder(side, what, below=below)
        trailing = of_side(self.root, side, "trailing")
        for output, place, kinds, below in (
            ("trailing", trailing, DISTANCES, long),
            ("trailing.start", trailing and _below(trailing, "start"), KINDS, not long),
            ("break_even", of_side(self.root, side, "break_even", "after"), DISTANCES, not long),
        ):
            if place and (kind := kind_in(place, kinds)):
                self._number(f"{side}.{output}", _below(place, kind), ranges.away(kind, below=below))
        self._number(f"{side}.max_bars", of_side(self.root, side, "max_bars"), ranges.BARS, held=True)

    def _ladder(self, side: str, what: str, *, below: bool) -> None:
        shares: list[tuple[Expression, float]] = []
        for i, rung in enumerate(rungs(of_side(self.root, side, what))):
            anew = word(child(rung[1], "every_bar")) is True
            if kind := kind_in(rung):
                range_ = ranges.away(kind, below=below)
                self._number(f"{side}.{what}.{i}", _below(rung, kind), range_, held=anew, hint=_ANEW)
            output = f"{side}.{what}.{i}.close_percent"
            share = self._number(output, _below(rung, "close_percent"), ranges.SHARE)
            if share is not None and isinstance(node := self.outputs[output], Constant):
                shares.append((share, node.value))
        if (total := sum(percent for _, percent in shares)) > 100 + 1e-9:
            last = shares[-1][0]
            told = f"these levels close {total:g} % of the position together, which is more than all of it"
            self.resolver.problems.append(last.problem(last.syntax, told))

    def rest(self) -> None:
        for output, path, range_ in (
            ("cooldown.bars", ("cooldown", "bars"), ranges.BARS),
            ("limits.day_loss", ("limits", "day_loss", "percent"), ranges.SHARE),
            ("limits.drawdown", ("limits", "drawdown", "percent"), ranges.SHARE),
        ):
            self._number(output, (path, self.root), range_, held=True)
        self._number("delay_seconds", (("delay_seconds",), self.root), ranges.SECONDS, held=True)
        for name in self.expressions.values:
            if name.startswith("log."):
                self._number(name, (tuple(name.split(".")), self.root), ranges.ANY, held=True)

    def _condition(self, condition: Condition) -> Node | None:
        if isinstance(condition, Expression):
            return self.resolver.resolve(condition, Kind.CONDITION)
        parts = [self._condition(part) for part in condition.parts]
        if condition.kind == "not":
            return self.resolver.operation("not", parts[0])
        result = parts[0]
        for part in parts[1:]:
            result = self.resolver.operation("and" if condition.kind == "all" else "or", result, part)
        return result

    def _number(
        self, output: str, place: Place | None, range_: Range, *, held: bool = False, hint: str = ""
    ) -> Expression | None:
        """Add what stands there as an output; where it is the same on every bar, it is held against its range now.

        `held` says that it is computed at each close anew, so that it may depend on the position.
        """
        path = dotted(place[0]) if place else ""
        expression = self.expressions.values.get(path)
        if expression is None:
            return None
        if path not in self._resolved:
            node = self.resolver.resolve(expression, Kind.SERIES)
            if node is not None and node.on_position and not held:
                self._report(expression, _FIXED, hint)
                node = None
            self._resolved[path] = self._bounded(expression, node)
        node = self._resolved[path]
        if isinstance(node, Constant) and not range_.takes(node.value) and range_ is not ranges.ANY:
            self._report(expression, f"this is {node}; it must be {range_}")
        if node is None:
            return None
        self.outputs[output] = node
        return expression

    def _bounded(self, expression: Expression, node: Node | None) -> Node | None:
        """Refuse what depends on the position by way of more steps than the machine has room for."""
        if node is not None and node.on_position and too_long(node):
            told = f"this depends on the position in over {MOST_INSTRUCTIONS} steps, or in over {DEEPEST} at a time"
            self._report(expression, told, "divide it, or leave the position out of parts of it")
            return None
        return node

    def _report(self, expression: Expression, message: str, hint: str = "") -> None:
        self.resolver.problems.append(expression.problem(expression.syntax, message, hint))


def _first(condition: Condition) -> Expression:
    """Give the first expression of a tree."""
    while not isinstance(condition, Expression):
        condition = condition.parts[0]
    return condition


def _below(place: Place, key: str) -> Place:
    """Give the place of a key below; where there is none, its path all the same."""
    path: Path = (*place[0], key)
    return path, child(place[1], key) or place[1]
