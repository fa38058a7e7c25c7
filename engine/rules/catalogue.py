"""Calls of pandas-ta's catalogue: `pandas_ta.squeeze(bb_length=20).SQZ`.

An output is planned only with a verdict on its look-ahead and its memory: from the table of those measured before, or
measured now on the sample market, with the very arguments it is called with: some 0.1 s a call (up to 3 s for the few
that pandas-ta computes in plain Python).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from engine.documents import did_you_mean
from engine.errors import InvalidInputError
from engine.indicators import TRUE, Kind
from engine.indicators.catalogue import (
    CatalogueCall,
    CatalogueParameter,
    Takes,
    catalogue_names,
    first_known,
    moving_averages,
    parameters_of,
    short_names,
)
from engine.indicators.verdicts import Verdicts, plain_columns, table
from engine.market import Bars, Timeframe
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.nodes import Candle, Constant, Node, Output, Result, spread
from engine.rules.operators import Value
from engine.rules.position import without_position
from engine.rules.trial import FIRST, fails_on, first_outputs, measured, without_effect

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver


@dataclass(frozen=True, eq=False)
class CatalogueNode(Node):
    """An indicator of pandas-ta. Its value is a tuple of columns, one for each of `outputs`."""

    called: CatalogueCall
    series: tuple[Node, ...]
    outputs: tuple[str, ...]
    timeframe: Timeframe

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The arguments that are series."""
        return self.series

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Run pandas-ta; what it does not give is na. Errors: InvalidInputError, with what pandas-ta says.

        An error that as few bars of the sample market raise too means that there are too few: all is na.
        """
        columns = [
            spread(cast(Value, value), node.kind, len(bars)) for value, node in zip(values, self.series, strict=True)
        ]
        given = dict(zip(self.called.columns, columns, strict=True))
        try:
            found = self.called.run(bars.time, given)
        except InvalidInputError:
            count = len(bars) - first_known(given, len(bars))
            if count >= FIRST or not fails_on(self.called, self.series, self.timeframe, count):
                raise
            found = {}
        return tuple(found[name] if name in found else np.full(len(bars), np.nan) for name in self.outputs)


@dataclass(frozen=True, eq=False)
class CatalogueOutput(Output):
    """One output of an indicator of pandas-ta, with the memory that was measured for it."""

    bars: int

    @property
    def memory(self) -> int:
        """As measured."""
        return self.bars

    @property
    def call(self) -> str:
        """Give the call, such as "pandas_ta.willr(length=14)"."""
        return str(cast(CatalogueNode, self.indicator).called)

    def compute(self, bars: Bars, values: Sequence[Result]) -> Result:
        """Pick the column."""
        return super().compute(bars, values)


def catalogue_node(resolver: Resolver, call: s.Call, name: str, output: s.Attribute | None = None) -> Node | None:
    """Give the node of `pandas_ta.NAME(...)`, or of `pandas_ta.NAME(...).OUTPUT`; None where something is wrong."""
    if name not in catalogue_names():
        resolver.report(call.function, f"unknown function 'pandas_ta.{name}'", did_you_mean(name, catalogue_names()))
        return None
    parameters = parameters_of(name)
    title = f"pandas_ta.{name}({', '.join(p.name for p in parameters)})"
    optional = frozenset(p.name for p in parameters if p.from_candles or not p.required)
    bound = bind(call, [p.name for p in parameters], optional, title, resolver.report)
    if bound is None:
        return None
    series: dict[str, Node] = {}
    constants: dict[str, float | str] = {}
    for parameter in parameters:
        if parameter.name not in bound:
            if parameter.from_candles:
                series[parameter.name] = resolver.one(Candle(Kind.SERIES, parameter.name.rstrip("_")))
            continue
        given = bound[parameter.name]
        if parameter.takes is Takes.COLUMN:
            column = resolver.of_kind(given, Kind.SERIES, f"'{parameter.name}'")
            column = without_position(resolver, column, given, f"pandas_ta.{name}")
            if isinstance(column, Constant):
                resolver.report(given, f"'{parameter.name}' takes a series; give numbers by name: {title}")
            elif column is not None:
                series[parameter.name] = column
                continue
        elif (value := _constant(resolver, given, parameter)) is not None:
            constants[parameter.name] = value
            continue
        return None
    called = CatalogueCall(name, tuple(series), tuple(sorted(constants.items())))
    return _planned(resolver, call, called, tuple(series.values()), output)


def other_output(resolver: Resolver, node: CatalogueOutput, output: s.Attribute) -> Node | None:
    """Give another output of the same call."""
    indicator = cast(CatalogueNode, node.indicator)
    return _output(resolver, output, indicator, output.name)


def _constant(resolver: Resolver, given: s.Syntax, parameter: CatalogueParameter) -> float | str | None:
    if parameter.takes is Takes.TEXT and isinstance(given, s.Text):
        if parameter.name == "mamode" and given.value not in moving_averages():
            hint = did_you_mean(given.value, moving_averages()) or f"there are {', '.join(moving_averages())}"
            resolver.report(given, f"'mamode' knows no '{given.value}'", hint)
            return None
        return given.value
    if parameter.takes in (Takes.TEXT, Takes.NOTHING) or isinstance(given, s.Text):
        resolver.report(given, f"'{parameter.name}' takes {parameter.takes.value}")
        return None
    flag = parameter.takes is Takes.FLAG
    node = resolver.of_kind(given, Kind.CONDITION if flag else Kind.SERIES, f"'{parameter.name}'")
    if node is None:
        return None
    good = isinstance(node, Constant) and np.isfinite(node.value)
    if not good or not isinstance(node, Constant) or (parameter.takes is Takes.WHOLE and node.value % 1):
        resolver.report(given, f"'{parameter.name}' takes {parameter.takes.value}, the same on every bar")
        return None
    if flag:
        return node.value == TRUE
    return int(node.value) if parameter.takes is Takes.WHOLE else float(node.value)


def _planned(
    resolver: Resolver, call: s.Call, called: CatalogueCall, series: tuple[Node, ...], output: s.Attribute | None
) -> Node | None:
    timeframe = resolver.timeframe
    known = _known(called, series, timeframe)
    try:
        outputs = tuple(known if known is not None else first_outputs(called, series, timeframe))
        ignored = "" if known is not None else without_effect(called, series, timeframe)
    except InvalidInputError as error:
        resolver.report(call, str(error))
        return None
    if ignored:
        resolver.report(call, f"pandas-ta ignores '{ignored}' and takes its default", "leave it out")
        return None
    if not outputs:
        takes = ", ".join(p.name for p in parameters_of(called.name))
        resolver.report(call, f"{called} gives nothing on {FIRST:,} bars", f"it takes {takes}")
        return None
    node = CatalogueNode(Kind.SERIES, called, series, outputs, timeframe)
    return _output(resolver, output or call, node, output.name if output else "")


def _output(resolver: Resolver, at: s.Syntax, node: CatalogueNode, name: str) -> Node | None:
    """Give the output that `name` picks, the first for ""; reported where it cannot be had."""
    matches = list(node.outputs[:1]) if not name else []
    for level in range(3):
        matches = matches or [output for output in node.outputs if short_names(output)[level] == name]
    if len(matches) != 1:
        names = [short_names(output)[1] for output in node.outputs]
        unique = [short if names.count(short) == 1 else short_names(o)[0]
                  for o, short in zip(node.outputs, names, strict=True)]  # fmt: skip
        what = f"'{name}' could be several outputs" if matches else f"this has no output '{name}'"
        resolver.report(at, what, f"there {'is' if len(unique) == 1 else 'are'} .{', .'.join(unique)}")
        return None
    try:
        known = _known(node.called, node.series, node.timeframe)
        verdict = known[matches[0]] if known else measured(node.called, node.series, node.timeframe, matches[0])
    except InvalidInputError as error:
        resolver.report(at, str(error))
        return None
    if verdict.refusal:
        shown = f"{node.called}.{short_names(matches[0])[1]}" if len(node.outputs) > 1 else str(node.called)
        resolver.report(at, f"{shown} cannot be used: {verdict.refusal}")
        return None
    return resolver.one(
        CatalogueOutput(Kind.SERIES, resolver.one(node), node.outputs.index(matches[0]), verdict.memory)
    )


def _known(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe) -> Verdicts | None:
    """Give the verdicts of the table, which has calls on plain candles only; None where it does not say."""
    columns = plain_columns(called.name)
    plain = tuple(Candle(Kind.SERIES, column.rstrip("_")) for column in columns)
    return table().find(called, str(timeframe)) if (called.columns, series) == (columns, plain) else None
