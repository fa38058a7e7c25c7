"""A plan: the nodes of a rule, each once, in an order in which everything is computed after what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.indicators import Kind
from engine.market import Bars
from engine.market.bars import Column
from engine.rules.nodes import Node, Result, Step, spread


@dataclass(frozen=True)
class Plan:
    """`outputs` are the named results; `nodes` all that is needed for them, inputs first."""

    outputs: Mapping[str, Node]
    nodes: tuple[Node, ...]
    warmup: int

    @classmethod
    def of(cls, outputs: Mapping[str, Node]) -> Plan:
        """Order the nodes behind `outputs`, and add up how many earlier bars they need.

        The value of every output at a bar is right to a relative 1e-9 once `warmup` bars came before that bar, as
        long as nothing that an indicator reads becomes na again after its own warm-up: indicators pass over such
        bars, so that what they remember then lies further back than can be known here.
        """
        needed: dict[Node, int] = {}
        for output in outputs.values():
            _visit(output, needed)
        return cls(outputs, tuple(needed), max((needed[node] for node in outputs.values()), default=0))

    def evaluate(self, bars: Bars) -> dict[str, Column]:
        """Give each output as a column as long as `bars`: float64 for numbers, int8 truth for conditions."""
        steps, outputs = self._program
        values: list[Result] = []
        for step in steps:
            values.append(step(bars, values))
        return {name: spread(values[at], kind, len(bars)) for name, at, kind in outputs}  # type: ignore[arg-type]  # outputs are never tuples

    @cached_property
    def _program(self) -> tuple[list[Step], list[tuple[str, int, Kind]]]:
        """What `evaluate` does, with places instead of nodes: on few bars, looking nodes up would take longest."""
        at = {node: i for i, node in enumerate(self.nodes)}
        steps = [node.step([at[i] for i in node.inputs]) for node in self.nodes]
        return steps, [(name, at[node], node.kind) for name, node in self.outputs.items()]

    @property
    def slowest_call(self) -> str:
        """The indicator whose own memory is the longest: the cause of most of the warm-up; "" without any."""
        calls = [node for node in self.nodes if node.call]
        return max(calls, key=lambda node: node.memory).call if calls else ""


def _visit(root: Node, needed: dict[Node, int]) -> None:
    """Add a node and all behind it to `needed` (node → bars of warm-up), inputs first; without recursion."""
    stack = [(root, False)]
    while stack:
        node, inputs_done = stack.pop()
        if node in needed:
            continue
        if inputs_done:
            needed[node] = node.memory + max((needed[i] for i in node.inputs), default=0)
        else:
            stack.append((node, True))
            stack.extend((i, False) for i in reversed(node.inputs))
