"""Why a value is na on a bar, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.indicators import UNKNOWN, Kind
from engine.market import Bars
from engine.rules.describe import texts_of
from engine.rules.nodes import Constant, History, Node, Operation, Output
from engine.rules.plan import Feeds, Plan


def why_unknown(node: Node, at: int, candles: tuple[Bars, Feeds], names: Mapping[Node, str]) -> str:
    """Say why a node is na (a condition: unknown) on bar `at`, such as "ta.ema(close, 26) needs 12 more candles".

    It says so by what the bars after `at` give: they tell when the value begins. `candles` are the rule's own and the
    others; `names` are those of definitions.
    """
    nodes = Plan.of({"": node}).nodes
    known, texts = _known(nodes, candles), texts_of(nodes, names)
    while True:
        if isinstance(node, History) and at < node.bars_ago:
            begins = _first(known[node]) if known[node].any() else node.bars_ago
            return _waits(texts[node], begins - at)
        if isinstance(node, Constant):
            return "na is written there"
        if not known[node].any():
            return f"{texts[node]} is na on all {len(known[node]):,} candles"
        later = _first(known[node]) - at
        if later > 0 and not isinstance(node, (Operation, History)):
            return _waits(texts[node], later)
        if isinstance(node, History):
            at -= node.bars_ago
        causes = [i for i in _inputs(node) if i in known and not known[i][at]]
        if not causes:
            return f"{texts[node]} is na here"
        node = max(causes, key=lambda cause: _first(known[cause]))


def _known(nodes: Sequence[Node], candles: tuple[Bars, Feeds]) -> dict[Node, NDArray[np.bool_]]:
    """Give where each node is known; without those that have several outputs, whose Outputs stand for them."""
    several = {n.indicator for n in nodes if isinstance(n, Output)}
    outputs = {str(i): n for i, n in enumerate(nodes) if n not in several}
    columns = Plan.of(outputs).evaluate(*candles)
    return {n: ~np.isnan(columns[i]) if n.kind is Kind.SERIES else columns[i] != UNKNOWN for i, n in outputs.items()}


def _inputs(node: Node) -> tuple[Node, ...]:
    return node.indicator.inputs if isinstance(node, Output) else node.inputs


def _first(known: NDArray[np.bool_]) -> int:
    """Give the first bar on which a value is known; the count of bars where it is on none."""
    return int(known.argmax()) if known.any() else len(known)


def _waits(text: str, bars: int) -> str:
    return f"{text} needs {bars:,} more candle{'s' * (bars != 1)}"
