"""The fingerprint of a plan: what each of its indicators gives on a fixed stretch of made candles.

A library that is upgraded, or computes otherwise because another is installed beside it, changes decisions without a
word. So values are kept when a strategy is backtested, and compared before it trades: to 1e-9 of their size, since
the last bits differ from processor to processor.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.indicators import Kind
from engine.indicators.catalogue import first_known, short_names
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.rules.catalogue import CatalogueNode, CatalogueOutput
from engine.rules.nodes import Candle, Constant, History, Indicator, Node, Operation, Output, Result
from engine.rules.plan import Plan
from engine.rules.security import Security

Golden = tuple[float | None, ...]
"""For each output of a call: how many values are known, their mean and their root mean square, and single values."""

Fingerprint = dict[str, Golden]
"""Call, with what it is computed from, such as "ta.ema(ta.rsi(close, 14), 9)" → its values; innermost calls first."""

_COUNTS = (1_000, 12_000)  # candles; the second for what gives nothing on the first
_AT = (0.25, 0.5, 0.75, 1.0)  # where the single values stand, as a share of the known ones
_A_COLUMN = 3 + len(_AT)
_TOLERANCE = 1e-9
_LONGEST = 120  # characters of a call's text


def fingerprint(plan: Plan, timeframe: Timeframe) -> Fingerprint:
    """Give the fingerprint of a plan that is made for candles of `timeframe`. Errors: InvalidInputError."""
    nodes = {text: node for node, text in _texts(plan).items() if isinstance(node, (Indicator, CatalogueOutput))}
    found: Fingerprint = {}
    for count in _COUNTS:
        silent = [text for text in nodes if text not in found or not any(found[text][::_A_COLUMN])]
        if silent:
            values = _evaluate(plan, _made_bars(timeframe, count))
            found |= {text: _golden(values[nodes[text]]) for text in silent}
    return {text: found[text] for text in nodes}


def differences(kept: Mapping[str, Sequence[float | None]], now: Fingerprint) -> list[str]:
    """Name each call that both have and that gives something else now, with both values."""
    lines = []
    for text, golden in now.items():
        before = kept.get(text)
        if before is None:
            continue
        at = _first_difference(before, golden)
        if at is not None:
            was, given = (values[at] if at < len(values) else None for values in (before, golden))
            lines.append(f"{text}: {_place(at)} was {_shown(was)} and is {_shown(given)}")
    return lines


def _evaluate(plan: Plan, bars: Bars) -> dict[Node, Result]:
    """Compute everything on the same candles, also what is to be computed on others: any will do."""
    values: dict[Node, Result] = {}
    with np.errstate(all="ignore"):
        for node in _everything(plan):
            if isinstance(node, Security):
                values[node] = values[node.node]
            elif not node.on_position:
                values[node] = node.compute(bars, [values[i] for i in node.inputs])
    return values


def _everything(plan: Plan) -> list[Node]:
    """Give all nodes, those on other candles too, each after what it needs."""
    return [*(node for on in plan.feeds.values() for node in on.nodes), *plan.nodes]


def _golden(result: Result) -> Golden:
    columns = result if isinstance(result, tuple) else (result,)
    return tuple(number for column in columns for number in _numbers(np.atleast_1d(column).astype(np.float64)))


def _numbers(column: Column) -> Golden:
    known = column[first_known({"": column}, len(column)) :]
    known = known[~np.isnan(known)]
    if not known.size:
        return (0, *[None] * (_A_COLUMN - 1))
    single = [known[int((known.size - 1) * share)] for share in _AT]
    numbers = (known.mean(), math.sqrt(np.mean(known * known)), *single)
    return (known.size, *(float(f"{number:.12g}") for number in numbers))


def _first_difference(a: Sequence[float | None], b: Sequence[float | None]) -> int | None:
    """Give where the first difference is; each column's own size (its root mean square) is what is small or large."""
    if len(a) != len(b):
        return min(len(a), len(b))
    for i, (one, other) in enumerate(zip(a, b, strict=True)):
        if one is None or other is None:
            if one is not other:
                return i
            continue
        size = a[i - i % _A_COLUMN + 2] or 0.0
        if not abs(one - other) <= _TOLERANCE * max(abs(one), abs(other), size):
            return i
    return None


def _place(at: int) -> str:
    names = ("the number of known values", "the mean", "the root mean square", *("a value" for _ in _AT))
    return names[at % _A_COLUMN]


def _shown(value: float | None) -> str:
    return "na" if value is None else f"{value:.12g}"


def _made_bars(timeframe: Timeframe, count: int) -> Bars:
    """Make candles by whole numbers alone, so that they are the same on every machine, with every version of numpy."""
    index = np.arange(5 * count, dtype=np.uint64) + np.uint64(1)
    mixed = index * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    drawn = ((mixed >> np.uint64(33)) % np.uint64(1_001)).astype(np.int64).reshape(5, count)
    close = 1_000_000 + np.cumsum(drawn[0] - 500)
    opens = np.concatenate([[1_000_000], close[:-1]]) + drawn[1] // 10 - 50
    high = np.maximum(opens, close) + drawn[2] // 2
    low = np.minimum(opens, close) - drawn[3] // 2
    start = timeframe.floor(1_704_067_200_000)
    time = np.array([timeframe.shift(start, i) for i in range(count)], dtype=np.int64)
    return Bars(timeframe, time, *(_tenths(column) for column in (opens, high, low, close, 100 + drawn[4])))


def _tenths(whole: NDArray[np.int64]) -> Column:
    return whole / 10


def _texts(plan: Plan) -> dict[Node, str]:
    """Give each node's text; what is long is cut, with a hash of the whole, so that shared parts do not explode."""
    texts: dict[Node, str] = {}
    for node in _everything(plan):
        inputs = (node.node,) if isinstance(node, Security) else node.inputs
        text = _text(node, [texts[i] for i in inputs])
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST - 12]}…{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        texts[node] = text
    return texts


def _text(node: Node, inputs: list[str]) -> str:
    if isinstance(node, Constant):
        return f"{node.value!r}" if node.kind is Kind.SERIES else ("false", "unknown", "true")[int(node.value)]
    if isinstance(node, Candle):
        return node.name
    if isinstance(node, History):
        return f"{inputs[0]}[{node.bars_ago}]"
    if isinstance(node, Output):
        return f"{inputs[0]}{_output(node)}"
    if isinstance(node, CatalogueNode):
        series = (f"{name}={text}" for name, text in zip(node.called.columns, inputs, strict=True))
        constants = str(node.called).partition("(")[2].removesuffix(")")
        return f"pandas_ta.{node.called.name}({', '.join([*series, constants] if constants else series)})"
    if isinstance(node, Security):
        # Without the symbol, which a rule may call by its name or by "": here, any candles do.
        return f'request.security("{node.feed.timeframe}", {inputs[0]})'
    if isinstance(node, Indicator):
        given = [*inputs, *(repr(constant) for constant in node.constants)]
        return f"{node.function.full_name}({', '.join(given)})"
    name = node.name if isinstance(node, Operation) else type(node).__name__
    return f"{name}({', '.join(inputs)})"


def _output(node: Output) -> str:
    """Give how one of several outputs is picked."""
    of = node.indicator
    names = of.outputs if isinstance(of, CatalogueNode) else of.function.outputs if isinstance(of, Indicator) else ()
    return f".{short_names(names[node.index])[0]}" if len(names) > 1 else ""
