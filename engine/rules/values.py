"""The values of a rule's parts on one bar."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.market import Bars
from engine.market.bars import Column
from engine.rules.comparison import TOLERANCE
from engine.rules.explanation import Compared, Named, Part, Truth
from engine.rules.nodes import Constant, Node, Operation
from engine.rules.operators import OPERATIONS
from engine.rules.plan import Feeds
from engine.rules.sketch import Sketch
from engine.rules.unknown import why_unknown

TRUTHS: Mapping[int, Truth] = {FALSE: False, UNKNOWN: None, TRUE: True}
_CROSSINGS = {"crossover": (">", "<="), "crossunder": ("<", ">=")}
_EXACT: Mapping[str, Callable[[float, float], bool]] = {
    ">": float.__gt__,
    "<": float.__lt__,
    ">=": float.__ge__,
    "<=": float.__le__,
    "!=": float.__ne__,
}


def position_field(node: Node) -> str | None:
    """Give which field of the position a node reads, such as "entry_price"; None for every other node.

    The one place that knows how `position.*` stands in a plan: such a node has no column; its value comes with the
    bar that is explained.
    """
    field = getattr(node, "field", None)
    return None if field is None else str(field.name).lower()


@dataclass(frozen=True)
class BarValues:
    """All values on bar number `bar` of `bars`. `column` gives that of a node, None where it has none."""

    bars: Bars
    feeds: Feeds
    column: Callable[[Node], Column | None]
    names: Mapping[Node, str]
    bar: int
    position: Mapping[str, float]

    def value(self, node: Node, bars_ago: int = 0) -> float:
        """Give a number (na as NaN), or a truth as 0, 1, 2. What depends on the position is computed here."""
        if isinstance(node, Constant):
            return node.value
        if (column := self.column(node)) is not None:
            na = math.nan if node.kind is Kind.SERIES else UNKNOWN
            return float(column[self.bar - bars_ago]) if bars_ago <= self.bar else na
        if field := position_field(node):
            return float(self.position.get(field, math.nan))
        assert isinstance(node, Operation)  # noqa: S101 - nothing else depends on the position
        return float(OPERATIONS[node.name].compute(*(self.value(operand) for operand in node.operands)))

    def part(self, sketch: Sketch) -> Part:
        """Give a part of a condition with its values."""
        ago = sketch.bars_ago
        truth = TRUTHS[int(self.value(sketch.node, ago))]
        crossing = sketch.kind == "crossing"
        parts = self._crossing(sketch) if crossing else tuple(self.part(part) for part in sketch.parts)
        compared = None
        if sketch.kind == "comparison":
            left, right = (self.value(node, ago) for _, node in sketch.operands)
            compared = _compared(sketch, sketch.operator, left, right)
        unknown = self._why(sketch) if truth is None and not sketch.parts else ""
        return Part(sketch.kind, sketch.text, truth, parts, compared, ago, unknown)

    def named(self, name: str, text: str, node: Node, sketch: Sketch | None) -> Named:
        """Give a definition or a parameter with its value."""
        if sketch is not None:
            return Named(name, text, condition=self.part(sketch))
        value = self.value(node)
        known = not math.isnan(value)
        return Named(name, text, value if known else None, unknown="" if known else self._reason(node, 0))

    def _crossing(self, sketch: Sketch) -> tuple[Part, Part]:
        """Give the two comparisons of a crossing, exact as it compares: on this bar, and on the last known one."""
        at = self.bar - sketch.bars_ago
        a, b = (self._series(node)[: max(0, at + 1)] for _, node in sketch.operands)
        apart = np.abs(a[:-1] - b[:-1]) > (TOLERANCE if sketch.operator == "cross" else -1.0)
        before = int(np.flatnonzero(apart)[-1]) if apart.any() else None
        now_operator, before_operator = _CROSSINGS.get(sketch.operator, ("!=", "!="))
        if sketch.operator == "cross" and before is not None:
            now_operator, before_operator = (">", "<") if a[before] < b[before] else ("<", ">")
        left, right = (self.value(node, sketch.bars_ago) for _, node in sketch.operands)
        now = self._side(sketch, now_operator, left, right, sketch.bars_ago)
        if before is None:
            nothing = _compared(sketch, before_operator, math.nan, math.nan)
            text = "there is no candle before on which both are known"
            return now, Part("comparison", _text(nothing), truth=False, compared=nothing, unknown=text)
        return now, self._side(sketch, before_operator, float(a[before]), float(b[before]), self.bar - before)

    def _side(self, sketch: Sketch, operator: str, left: float, right: float, bars_ago: int) -> Part:
        compared = _compared(sketch, operator, left, right)
        na = math.isnan(left) or math.isnan(right)
        truth = None if na else _EXACT[operator](left, right)
        unknown = self._why(sketch) if na else ""
        return Part("comparison", _text(compared), truth, (), compared, bars_ago, unknown)

    def _series(self, node: Node) -> Column:
        column = self.column(node)
        return np.full(len(self.bars), self.value(node)) if column is None else column

    def _why(self, sketch: Sketch) -> str:
        na = [node for _, node in sketch.operands if math.isnan(self.value(node, sketch.bars_ago))]
        return self._reason(max(na, key=self._begins) if na else sketch.node, sketch.bars_ago)

    def _begins(self, node: Node) -> int:
        """Give the first bar on which a number is known."""
        known = ~np.isnan(self._series(node)) if position_field(node) is None else np.zeros(1, dtype=bool)
        return int(known.argmax()) if known.any() else len(known)

    def _reason(self, node: Node, bars_ago: int) -> str:
        if bars_ago > self.bar:
            return f"there are only {self.bar} candles before this one"
        while self.column(node) is None and not isinstance(node, Constant):
            if field := position_field(node):
                return f"position.{field} is na"
            node = next((i for i in node.inputs if self._is_na(i)), node.inputs[0])
        return why_unknown(node, self.bar - bars_ago, (self.bars, self.feeds), self.names)

    def _is_na(self, node: Node) -> bool:
        value = self.value(node)
        return math.isnan(value) if node.kind is Kind.SERIES else value == UNKNOWN


def _text(compared: Compared) -> str:
    return f"{compared.left} {compared.operator} {compared.right}"


def _compared(sketch: Sketch, operator: str, left: float, right: float) -> Compared:
    (left_text, _), (right_text, _) = sketch.operands
    apart = right - left
    flips_at = None if math.isnan(apart) else 0.0 if abs(apart) <= TOLERANCE else apart
    percent = None if flips_at is None or not right else 100 * flips_at / abs(right)
    return Compared(left_text, operator, right_text, _known(left), _known(right), flips_at, percent)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
