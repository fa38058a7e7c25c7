"""What a plan owes to the candle that counting began with.

A running total such as obv begins at a number that nobody knows: live and backtest see other first candles. So an
unknown constant stands for its beginning, and is followed through the plan: obv - obv[5] loses it, obv / 2 keeps half
of it, ta.ema(obv, 9) all of it, and obv > ta.sma(obv, 9) compares two sides that hold it alike. A running product (nvi)
begins with an unknown factor, which is followed likewise. What has lost it is the same wherever counting began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np

from engine.indicators import Endless, Follows, Kind
from engine.market.feed import Feed
from engine.rules.nodes import Constant, History, Indicator, Node, Operation, Output
from engine.rules.plan import Plan
from engine.rules.security import Security

_COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
_ALIKE = frozenset({"math.max", "math.min", "math.avg", "nz"})
_COUNT = "bar_index"
_ADVICE_ON_COUNT = "use distances, as in {0} - ta.valuewhen(condition, {0}, 0)"
_ADVICE = {
    Endless.SUM: "use its changes, as in {0} - {0}[20], or compare it with itself, as in {0} > ta.sma({0}, 20)",
    Endless.PRODUCT: "use its ratios, as in {0} / {0}[20], or compare it with itself, as in {0} > ta.sma({0}, 20)",
}


class _Total(NamedTuple):
    """A call, and the candles that it is on: the same call on others has a beginning of its own."""

    call: Indicator
    feed: Feed | None

    def __str__(self) -> str:
        return f"{self.call.call} on {self.feed}" if self.feed else self.call.call


@dataclass(frozen=True)
class _Debt:
    """What a value owes to unknown beginnings.

    Were every total in `added` larger by c, the value would be larger by its number times c. Were every product in
    `factors` larger by a factor k, the value would be larger by k to its number. Of `leaked` nothing can be said: the
    value depends on those in some other way.
    """

    added: Mapping[_Total, float] = field(default_factory=dict)
    factors: Mapping[_Total, float] = field(default_factory=dict)
    leaked: frozenset[_Total] = frozenset()

    @property
    def calls(self) -> frozenset[_Total]:
        return self.leaked | self.added.keys() | self.factors.keys()

    @property
    def moves(self) -> bool:
        return bool(self.added or self.factors)


_NONE = _Debt()


def warnings_of(plan: Plan) -> list[str]:
    """Say, in plain sentences, which calls have no memory that is long enough, and which outputs suffer from it."""
    debts = _debts(plan, None)
    said: list[str] = []
    for total in _totals(plan):
        call = total.call
        if call.endless is Endless.EVENT:
            said.append(
                f"{total} looks back as far as it has to: the last {call.memory:,} candles are taken, and an older "
                "event is missed"
            )
        elif outputs := [name for name, node in plan.outputs.items() if total in debts[node].calls]:
            said.append(
                f"{', '.join(outputs)}: the candle that {total} began with matters, and live and backtest begin "
                f"with different ones; {_advice(call)}"
            )
    return said


def _advice(call: Indicator) -> str:
    """Say what to use instead of a total itself."""
    advice = _ADVICE_ON_COUNT if call.call == _COUNT else _ADVICE[cast(Endless, call.endless)]
    return advice.format(call.call)


def _totals(plan: Plan) -> list[_Total]:
    """Give every endless call, on the rule's own candles and on others."""
    places: list[tuple[Feed | None, Plan]] = [(None, plan), *plan.feeds.items()]
    found = [(feed, node) for feed, on in places for node in on.nodes if isinstance(node, Indicator)]
    return [_Total(node, feed) for feed, node in found if node.endless]


def _debts(plan: Plan, feed: Feed | None) -> dict[Node, _Debt]:
    on_feeds = {feed: _debts(inner, feed) for feed, inner in plan.feeds.items()}
    debts: dict[Node, _Debt] = {}
    for node in plan.nodes:
        if isinstance(node, Security):
            debts[node] = on_feeds[node.feed][node.node]
        else:
            debts[node] = _debt(node, [debts[i] for i in node.inputs], feed)
    return debts


def _debt(node: Node, inputs: Sequence[_Debt], feed: Feed | None) -> _Debt:
    leaked = frozenset[_Total]().union(*(debt.leaked for debt in inputs))
    found = _followed(node, inputs) if any(debt.moves for debt in inputs) else _NONE
    if found is None:
        leaked, found = leaked.union(*(debt.calls for debt in inputs)), _NONE
    added, factors = dict(found.added), dict(found.factors)
    if isinstance(node, Indicator) and node.endless is Endless.SUM:
        added[_Total(node, feed)] = 1.0
    if isinstance(node, Indicator) and node.endless is Endless.PRODUCT:
        factors[_Total(node, feed)] = 1.0
    return _Debt(added, factors, leaked)


def _followed(node: Node, inputs: Sequence[_Debt]) -> _Debt | None:
    """Give what the value owes where it is a known law of its inputs; None where it is not."""
    if isinstance(node, (History, Output)):
        return inputs[0]
    if isinstance(node, Operation):
        return _operation(node, inputs)
    if isinstance(node, Indicator) and node.endless in (None, Endless.EVENT):
        pairs = list(zip(node.series, inputs, strict=True))
        if any(debt.moves for series, debt in pairs if series.kind is Kind.CONDITION):
            return None
        common = _common([pair for pair in pairs if pair[0].kind is Kind.SERIES])
        return None if common is None else _through(node.function.follows, common, reads=bool(node.function.reads))
    return None


def _through(follows: Follows, debt: _Debt, *, reads: bool) -> _Debt | None:
    """Give what is left of the series' debt. Candles that are read besides have none, so no factor is common to all."""
    if follows is Follows.NOTHING or (reads and debt.factors):
        return None
    if follows is Follows.LEVEL:
        return debt
    return _Debt(factors=debt.factors) if follows is Follows.SPREAD else _NONE


def _operation(node: Operation, inputs: Sequence[_Debt]) -> _Debt | None:
    name, first = node.name, inputs[0]
    pairs = list(zip(node.operands, inputs, strict=True))
    found: _Debt | None = None
    if name in ("+", "-"):
        found = _sum(pairs, 1.0 if name == "+" else -1.0)
    elif name in ("*", "/"):
        found = _product(pairs, 1.0 if name == "*" else -1.0)
    elif name == "negative":
        found = _Debt(_scaled(first.added, -1.0), first.factors)
    elif name == "math.abs" and not first.added:
        found = first
    elif name == "na" or (name == "math.sign" and not first.added):
        found = _NONE
    elif name in _COMPARISONS:
        found = None if _common(pairs) is None else _NONE
    elif name in _ALIKE:
        found = _common(pairs)
    elif name == "if number":
        found = _common(pairs[1:])
    return found


def _common(pairs: Sequence[tuple[Node, _Debt]]) -> _Debt | None:
    """Give the debt that all have, if they have the same; na fits any, and 0 fits any that is a factor only."""
    rest = [(node, debt) for node, debt in pairs if not _is(node, np.nan)]
    if not any(debt.added for _, debt in rest):
        rest = [(node, debt) for node, debt in rest if not _is(node, 0.0)]
    first = rest[0][1] if rest else _NONE
    same = all(_same(first.added, d.added) and _same(first.factors, d.factors) for _, d in rest)
    return first if same else None


def _sum(pairs: Sequence[tuple[Node, _Debt]], sign: float) -> _Debt | None:
    (_, a), (_, b) = pairs
    if a.factors or b.factors:
        return None if a.added or b.added else _common(pairs)
    return _Debt(_together(a.added, _scaled(b.added, sign)))


def _product(pairs: Sequence[tuple[Node, _Debt]], power: float) -> _Debt | None:
    (left, a), (right, b) = pairs
    if not (a.added or b.added):
        return _Debt(factors=_together(a.factors, _scaled(b.factors, power)))
    if isinstance(right, Constant) and not a.factors:
        by = right.value if power > 0 else (1 / right.value if right.value else np.nan)
        return _Debt(_scaled(a.added, by))
    if isinstance(left, Constant) and power > 0 and not b.factors:
        return _Debt(_scaled(b.added, left.value))
    return None


def _is(node: Node, value: float) -> bool:
    return isinstance(node, Constant) and (node.value == value or (np.isnan(value) and np.isnan(node.value)))


def _scaled(owed: Mapping[_Total, float], by: float) -> dict[_Total, float]:
    return {call: number * by for call, number in owed.items() if by}


def _together(a: Mapping[_Total, float], b: Mapping[_Total, float]) -> dict[_Total, float]:
    """Add, and drop what cancels but for rounding."""
    total = {call: a.get(call, 0.0) + b.get(call, 0.0) for call in {**a, **b}}
    return {call: n for call, n in total.items() if abs(n) > 1e-12 * max(abs(a.get(call, 0.0)), abs(b.get(call, 0.0)))}


def _same(a: Mapping[_Total, float], b: Mapping[_Total, float]) -> bool:
    return not _together(a, _scaled(b, -1.0))
