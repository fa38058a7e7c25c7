"""Calls in expressions: our indicators, the bar-by-bar functions, and pandas-ta's catalogue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.indicators import NEW_DAY, SERIES_KINDS, TA, Function, Kind, Parameter
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.catalogue import catalogue_node
from engine.rules.nodes import CANDLE, Candle, Constant, Indicator, NewDay, Node, Output
from engine.rules.operators import DEFAULTS, FOLDING, OPERATIONS
from engine.rules.scope import CALLABLE, CONSTANTS, FUNCTIONS, PINE_TA, not_yet

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver

LONGEST = 5000


class Calls:
    """Resolves calls for a resolver."""

    def __init__(self, resolver: Resolver) -> None:
        """Belong to `resolver`, which resolves the arguments."""
        self.resolver = resolver

    def resolve(self, call: s.Call) -> Node | None:
        """Give the node of a call; None where something about it is wrong."""
        name = self.resolver.dotted(call.function)
        if name in TA and (name in self.resolver.defines or name in self.resolver.params):
            self.resolver.report(call.function, f"'{name}' is a name of yours here", f"write ta.{name}(...) for Pine's")
            return None
        if name.removeprefix("ta.") in TA:
            return self._indicator(call, TA[name.removeprefix("ta.")])
        if name in CALLABLE:
            return self._operation(call, name)
        if name.startswith("pandas_ta."):
            return self.catalogue(call)
        if not name:
            self.resolver.report(call.function, "this cannot be called")
        elif not_yet(name):
            hint = "more indicators: pandas_ta.NAME(...)" if name.removeprefix("ta.") in PINE_TA else ""
            self.resolver.report(call.function, f"'{name}' is not available in this version", hint)
        else:
            hint = self.resolver.suggest(name, FUNCTIONS)
            if name in self.resolver.defines or name in self.resolver.params or name in CANDLE:
                hint = f"'{name}' is a value; write {name}[1] for the bar before"
            self.resolver.report(call.function, f"unknown function '{name}'", hint)
        return None

    def catalogue(self, call: s.Call, output: s.Attribute | None = None) -> Node | None:
        """Give the node of a call of pandas-ta's catalogue, or of the output that is picked from it."""
        return catalogue_node(self.resolver, call, self.resolver.dotted(call.function).partition(".")[2], output)

    def _indicator(self, call: s.Call, function: Function) -> Node | None:
        parameters = _taken(function, call)
        names = [p.name for p in parameters]
        optional = frozenset(p.name for p in parameters if p.default is not None)
        bound = bind(call, names, optional, function.signature, self.resolver.report)
        if bound is None:
            return None
        series: list[Node | None] = []
        constants: list[float | str | None] = []
        for parameter in function.parameters:
            given = bound.get(parameter.name)
            if parameter.kind not in SERIES_KINDS:
                constants.append(self._constant(given, parameter, function.signature))
            elif given is not None:
                series.append(self.resolver.of_kind(given, parameter.kind, f"'{parameter.name}'"))
            else:
                series.append(self._standing_in(parameter))
        inputs = tuple(node for node in series if node is not None)
        values = tuple(value for value in constants if value is not None)
        if len(inputs) < len(series) or len(values) < len(constants):
            return None
        node = self.resolver.one(Indicator(function.result, function, inputs, values))
        return node if len(function.outputs) == 1 else self.resolver.one(Output(Kind.SERIES, node, 0))

    def _standing_in(self, parameter: Parameter) -> Node:
        """Give what stands for a series that is not given."""
        name = str(parameter.default if parameter.default is not None else parameter.implied)
        if name == NEW_DAY:
            return self.resolver.one(NewDay(Kind.CONDITION, self.resolver.timeframe))
        if parameter.kind is Kind.CONDITION:
            return self.resolver.one(CONSTANTS[name])
        return self.resolver.one(Candle(Kind.SERIES, name))

    def _constant(self, syntax: s.Syntax | None, parameter: Parameter, title: str) -> float | str | None:
        """Give a number (bool for flags, str for texts) that is the same on every bar."""
        if syntax is None:
            return parameter.default == "true" if parameter.kind is Kind.FLAG else parameter.default
        if parameter.kind is Kind.TEXT:
            if isinstance(syntax, s.Text) and syntax.value in parameter.choices:
                return syntax.value
            listed = ", ".join(f'"{choice}"' for choice in parameter.choices)
            self.resolver.report(syntax, f"'{parameter.name}' takes one of {listed}", title)
            return None
        wanted = Kind.CONDITION if parameter.kind is Kind.FLAG else Kind.SERIES
        node = self.resolver.of_kind(syntax, wanted, f"'{parameter.name}'")
        if node is None:
            return None
        good = isinstance(node, Constant) and math.isfinite(node.value)
        whole = parameter.kind in (Kind.LENGTH, Kind.WHOLE, Kind.INTEGER)
        if whole:
            least = {Kind.LENGTH: 1, Kind.WHOLE: 0}.get(parameter.kind, -LONGEST)
            good = good and isinstance(node, Constant) and not node.value % 1 and least <= node.value <= LONGEST
        if not good or not isinstance(node, Constant):
            at_most = f" (at most {LONGEST})" if whole else ""
            given = f"this is {node}" if isinstance(node, Constant) else "this one changes"
            self.resolver.report(syntax, f"'{parameter.name}' takes {parameter.kind.value}{at_most}; {given}", title)
            return None
        if parameter.kind is Kind.FLAG:
            return node.value > 1
        return int(node.value) if whole else float(node.value)

    def _operation(self, call: s.Call, name: str) -> Node | None:
        operation, defaults = OPERATIONS[name], DEFAULTS.get(name, ())
        names = ["x", "y", "z"][: len(operation.takes)]
        title = f"{name}({', '.join(names)}{', ...' if name in FOLDING else ''})"
        if name in FOLDING and len(call.arguments) > len(names) and all(a.name is None for a in call.arguments):
            result = self.resolver.of_kind(call.arguments[0].value, operation.takes[0])
            for argument in call.arguments[1:]:
                following = self.resolver.of_kind(argument.value, operation.takes[0])
                result = self.resolver.operation(name, result, following)
            return result
        optional = frozenset(names[len(names) - len(defaults) :])
        bound = bind(call, names, optional, title, self.resolver.report)
        if bound is None:
            return None
        operands: list[Node | None] = []
        for i, (parameter, kind) in enumerate(zip(names, operation.takes, strict=True)):
            if parameter in bound:
                operands.append(self.resolver.of_kind(bound[parameter], kind, f"'{parameter}'"))
            else:
                value = defaults[i - len(names) + len(defaults)]
                operands.append(self.resolver.one(Constant(kind, value)))
        return self.resolver.operation(name, *operands)


def _taken(function: Function, call: s.Call) -> tuple[Parameter, ...]:
    """Give the parameters that a call means: all, or all but an implied first one that it leaves out."""
    first = function.parameters[0] if function.parameters else None
    if first is None or first.implied is None or any(argument.name == first.name for argument in call.arguments):
        return function.parameters
    asked = sum(p.default is None for p in function.parameters)
    return function.parameters[1:] if len(call.arguments) < asked else function.parameters
