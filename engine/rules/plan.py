"""A plan: the nodes of a rule, each once, in an order in which everything is computed after what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.errors import InvalidInputError
from engine.indicators import Kind
from engine.market import Bars
from engine.market.bars import Column
from engine.market.feed import Feed, first_known
from engine.market.resample import resample
from engine.rules.nodes import Constant, Node, Result, Step, spread
from engine.rules.programs import Instruction, leaves_of, program_of
from engine.rules.security import Security, taken

LONGEST_JOINED = 5_000
"""Of how many own bars candles of a longer timeframe are made; what needs more takes them as they are."""

Feeds = Mapping[Feed, Bars]
"""Candles beside the rule's own."""
_NONE: Feeds = {}
_Taken = tuple[str, int, Kind]
"""An output: its name, the place of its value among all, its kind."""
_Program = tuple[list[tuple[Step, list[int]]], list[_Taken]]
"""What is computed, each with the places of values that nothing needs after it; then the outputs."""
_GONE = np.empty(0)


@dataclass(frozen=True)
class Plan:
    """`outputs` are the named results; `nodes` all that is needed for them, inputs first.

    `feeds` says which other candles are needed, and what is computed on them: a plan each, with its own warm-up in bars
    of that feed. `joined` are those that are made of the rule's own candles, with how many of these that takes.
    """

    outputs: Mapping[str, Node]
    nodes: tuple[Node, ...]
    warmup: int
    feeds: Mapping[Feed, Plan]
    joined: Mapping[Feed, int]

    @classmethod
    def of(cls, outputs: Mapping[str, Node]) -> Plan:
        """Order the nodes behind `outputs`, and add up how many earlier bars they need.

        The value of every output at a bar is right to a relative 1e-9 once `warmup` bars came before that bar (and as
        many as their own plans need of those `feeds` that are not `joined`), as long as nothing that an indicator reads
        becomes na again after its own warm-up: indicators pass over such bars, so that what they remember then lies
        further back than can be known here.
        """
        # What comes from other candles stands first: it needs nothing of these.
        nodes = tuple(sorted(_ordered(outputs.values()), key=lambda node: not isinstance(node, Security)))
        securities = [node for node in nodes if isinstance(node, Security)]
        feeds = {feed: _plan_on(feed, securities) for feed in dict.fromkeys(node.feed for node in securities)}
        needed = {node.feed: node.joined_bars(feeds[node.feed].warmup) for node in securities if not node.feed.symbol}
        joined = {feed: bars for feed, bars in needed.items() if bars <= LONGEST_JOINED}
        return cls(outputs, nodes, _longest(nodes, outputs, joined), feeds, joined)

    @cached_property
    def constants(self) -> Mapping[str, float]:
        """The outputs that are the same on every bar; conditions as 0, 1 (unknown), 2."""
        return {name: node.value for name, node in self.outputs.items() if isinstance(node, Constant)}

    @cached_property
    def programs(self) -> Mapping[str, tuple[Instruction, ...]]:
        """The outputs that depend on the position, as programs (see rules/programs.py) over `columns`."""
        keys = {node: f"part {i}" for i, node in enumerate(self._parts)}
        return {name: program_of(node, keys) for name, node in self.outputs.items() if node.on_position}

    @cached_property
    def _parts(self) -> tuple[Node, ...]:
        """What the programs read that has a column."""
        read = (leaf for node in self.outputs.values() if node.on_position for leaf in leaves_of(node))
        return tuple(dict.fromkeys(read))

    def columns(self, bars: Bars, feeds: Feeds = _NONE) -> dict[str, Column]:
        """Give as columns every output that is neither constant nor depends on the position, and what programs read.

        The latter are named "part 0" and so on. Errors: those of `evaluate`.
        """
        return self._run(self._column_program, bars, feeds)

    @property
    def fetched(self) -> tuple[Feed, ...]:
        """The feeds whose candles have to come from where the rule's own come from."""
        return tuple(feed for feed in self.feeds if feed not in self.joined)

    def evaluate(self, bars: Bars, feeds: Feeds = _NONE) -> dict[str, Column]:
        """Give each output as a column as long as `bars`: float64 for numbers, int8 truth for conditions.

        Those that depend on the position have no column, and are not among them. Candles of the own symbol that `feeds`
        does not hold are made of `bars`. Errors: InvalidInputError where those of another symbol are missing.
        """
        return self._run(self._program, bars, feeds)

    def _run(self, program: _Program, bars: Bars, feeds: Feeds) -> dict[str, Column]:
        steps, outputs = program
        values: list[Result] = self._from_feeds(bars, feeds) if self.feeds else []
        for step, done in steps:
            values.append(step(bars, values))
            for place in done:  # its memory is for what is computed next
                values[place] = _GONE
        return {name: spread(values[at], kind, len(bars)) for name, at, kind in outputs}  # type: ignore[arg-type]  # outputs are never tuples

    def first_warm(self, bars: Bars, feeds: Feeds = _NONE) -> int:
        """Give the index of the first of `bars` at which every output is right; len(bars) or more if there is none."""
        if not self.fetched:
            return self.warmup
        known = {feed: first_known(bars, _candles(feed, bars, feeds), self.feeds[feed].warmup) for feed in self.fetched}
        return _longest(self.nodes, self.outputs, {**self.joined, **known})

    def _from_feeds(self, bars: Bars, feeds: Feeds) -> list[Result]:
        found: dict[tuple[Feed, Node], Column] = {}
        for feed, plan in self.feeds.items():
            candles = _candles(feed, bars, feeds)
            for name, column in plan.evaluate(candles).items():
                node = plan.outputs[name]
                found[feed, node] = taken(column, node.kind, bars, candles)
        return [found[node.feed, node.node] for node in self.nodes if isinstance(node, Security)]

    @cached_property
    def _program(self) -> _Program:
        return self._steps_to({name: node for name, node in self.outputs.items() if not node.on_position})

    @cached_property
    def _column_program(self) -> _Program:
        parts = {f"part {i}": node for i, node in enumerate(self._parts)}
        taken = {n: node for n, node in self.outputs.items() if not (node.on_position or isinstance(node, Constant))}
        return self._steps_to({**taken, **parts})

    def _steps_to(self, outputs: Mapping[str, Node]) -> _Program:
        """Give what `_run` does, with places instead of nodes: on few bars, looking nodes up would take longest."""
        computed = [node for node in self.nodes if not node.on_position]
        at = {node: i for i, node in enumerate(computed)}
        last = {i: node for node in computed for i in node.inputs}  # who needs a value last
        done: dict[Node, list[int]] = {}
        for node in last.keys() - outputs.values():
            done.setdefault(last[node], []).append(at[node])
        steps = [
            (node.step([at[i] for i in node.inputs]), done.get(node, []))
            for node in computed
            if not isinstance(node, Security)
        ]
        return steps, [(name, at[node], node.kind) for name, node in outputs.items()]

    @property
    def slowest_call(self) -> str:
        """The indicator whose own memory is the longest: the cause of most of the warm-up; "" without any."""
        calls = [(node.memory, node.call) for node in self.nodes if node.call]
        for feed, bars in self.joined.items():
            within = self.feeds[feed].slowest_call or "..."
            calls.append((bars, f'request.security("", "{feed.timeframe}", {within})'))
        return max(calls, key=lambda call: call[0])[1] if calls else ""


def _plan_on(feed: Feed, securities: Iterable[Security]) -> Plan:
    nodes = dict.fromkeys(node.node for node in securities if node.feed == feed)
    return Plan.of({str(i): node for i, node in enumerate(nodes)})


def _candles(feed: Feed, bars: Bars, feeds: Feeds) -> Bars:
    """Give a feed's candles as they were given, or made of `bars`."""
    if feed in feeds:
        return feeds[feed]
    if feed.symbol:
        raise InvalidInputError(f"candles of {feed} are needed beside these")
    return resample(bars, feed.timeframe)


def _longest(nodes: Iterable[Node], outputs: Mapping[str, Node], known: Mapping[Feed, int]) -> int:
    """Add up memories along the longest path; `known` is after how many bars the value from a feed is right."""
    needed: dict[Node, int] = {}
    for node in nodes:
        own = known.get(node.feed, 0) if isinstance(node, Security) else node.memory
        needed[node] = own + max((needed[i] for i in node.inputs), default=0)
    return max((needed[node] for node in outputs.values()), default=0)


def _ordered(roots: Iterable[Node]) -> list[Node]:
    """Give the roots and all behind them, each once, inputs first; without recursion."""
    found: dict[Node, None] = {}
    for root in roots:
        stack = [(root, False)]
        while stack:
            node, inputs_done = stack.pop()
            if node in found:
                continue
            if inputs_done:
                found[node] = None
            else:
                stack.append((node, True))
                stack.extend((i, False) for i in reversed(node.inputs))
    return list(found)
