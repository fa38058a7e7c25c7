"""Calls in expressions: our indicators, functions that look at one bar, and pandas-ta's catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.indicators import NEW_DAY, SERIES_KINDS, Function, Kind, Parameter
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.catalogue import catalogue_node
from engine.rules.foreign import instead_of, math_twin
from engine.rules.functions import BarFunctions
from engine.rules.lookback import FIXNAN_CONDITION, LOOKBACK
from engine.rules.nodes import CANDLE, DAY, Candle, Constant, Indicator, NewPeriod, Node, Output
from engine.rules.periods import NAME as CHANGE
from engine.rules.periods import period_node
from engine.rules.position import without_position
from engine.rules.scope import CALLABLE, CONSTANTS, FUNCTIONS, function_named
from engine.rules.security import NAME as SECURITY
from engine.rules.security import security_node

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver

LONGEST = 5000
LARGEST = 1e9
_FURTHEST_BACK = 1_000_000


class Calls:
    """Resolves calls for a resolver."""

    def __init__(self, resolver: Resolver) -> None:
        """Belong to `resolver`, which resolves the arguments."""
        self.resolver = resolver
        self.functions = BarFunctions(resolver)

    def resolve(self, call: s.Call) -> Node | None:
        """Give the node of a call; None where something about it is wrong."""
        name = self.resolver.dotted(call.function)
        function = function_named(name)
        if function and (name in self.resolver.defines or name in self.resolver.params):
            self.resolver.report(
                call.function, f"'{name}' is a name of yours here", f"write {function.full_name}(...) for Pine's"
            )
            return None
        if name == "fixnan":
            return self._fixnan(call, LOOKBACK[name])
        if function:
            return self._indicator(call, function, math_twin(name))
        if name in CALLABLE:
            return self.functions.resolve(call, name)
        if name.startswith("pandas_ta."):
            return self.catalogue(call)
        if name == SECURITY:
            return security_node(self.resolver, call)
        if name == CHANGE:
            return period_node(self.resolver, call)
        self._report(call, name)
        return None

    def _report(self, call: s.Call, name: str) -> None:
        """Say why a call means nothing."""
        resolver = self.resolver
        if not name:
            hint = "the bars stand after the call: ta.sma(close, 20)[1]" if isinstance(call.function, s.History) else ""
            resolver.report(call.function, "this cannot be called", hint)
        elif name in resolver.defines or name in resolver.params or name in CANDLE:
            hint = f"'{name}' is a value; write {name}[1] for the bar before"
            if name in ("time", "time_close"):
                hint = "trading hours stand in 'sessions', such as {hours: 09:30-16:00}; or write hour >= 9"
            resolver.report(call.function, f"unknown function '{name}'", hint)
        elif instead := instead_of(name):
            resolver.report(call.function, f"'{name}' has no meaning in a rule file", instead)
        else:
            resolver.report(call.function, f"unknown function '{name}'", resolver.suggest(name, (*FUNCTIONS, CHANGE)))

    def catalogue(self, call: s.Call, output: s.Attribute | None = None) -> Node | None:
        """Give the node of a call of pandas-ta's catalogue, or of the output that is picked from it."""
        return catalogue_node(self.resolver, call, self.resolver.dotted(call.function).partition(".")[2], output)

    def _fixnan(self, call: s.Call, function: Function) -> Node | None:
        """Give the node of `fixnan`, which takes numbers and conditions alike."""
        bound = bind(call, ["source"], frozenset(), function.signature, self.resolver.report)
        source = self.resolver.node(bound["source"]) if bound else None
        if bound is None or source is None or isinstance(source, Constant):
            return source
        if without_position(self.resolver, source, bound["source"], "fixnan") is None:
            return None
        function = FIXNAN_CONDITION if source.kind is Kind.CONDITION else function
        return self.resolver.one(Indicator(function.result, function, (source,), ()))

    def _indicator(self, call: s.Call, function: Function, excess_hint: str) -> Node | None:
        parameters = _taken(function, call)
        names = [p.name for p in parameters]
        optional = frozenset(p.name for p in parameters if p.default is not None)
        bound = bind(call, names, optional, function.signature, self.resolver.report, excess_hint)
        if bound is None:
            return None
        series: list[Node | None] = []
        constants: list[float | str | None] = []
        for parameter in function.parameters:
            given = bound.get(parameter.name)
            if parameter.kind not in SERIES_KINDS:
                constants.append(self._constant(given, parameter, function.signature))
            elif given is not None:
                node = self.resolver.of_kind(given, parameter.kind, f"'{parameter.name}'")
                series.append(without_position(self.resolver, node, given, function.full_name))
            else:
                series.append(self._standing_in(parameter))
        inputs = tuple(node for node in series if node is not None)
        values = tuple(value for value in constants if value is not None)
        if len(inputs) < len(series) or len(values) < len(constants):
            return None
        indicator = Indicator(function.result, function, inputs, values)
        if not _is_bounded(indicator):
            hint = "take smaller numbers"
            self.resolver.report(call, f"this looks back over more than {_FURTHEST_BACK:,} candles", hint)
            return None
        whole = self.resolver.one(indicator)
        return whole if len(function.outputs) == 1 else self.resolver.one(Output(Kind.SERIES, whole, 0))

    def _standing_in(self, parameter: Parameter) -> Node:
        """Give what stands for a series that is not given."""
        name = str(parameter.default if parameter.default is not None else parameter.implied)
        if name == NEW_DAY:
            return self.resolver.one(NewPeriod(Kind.CONDITION, self.resolver.timeframe, DAY))
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
        whole = parameter.kind in (Kind.LENGTH, Kind.WHOLE, Kind.INTEGER)
        most = LONGEST if whole else LARGEST
        if not isinstance(node, Constant) or not _fits(node.value, parameter.kind, most):
            given = f"this is {node}" if isinstance(node, Constant) else "this one changes"
            too_large = isinstance(node, Constant) and abs(node.value) > most
            takes = f"{parameter.kind.value}{f' (at most {most:g})' if whole or too_large else ''}"
            self.resolver.report(syntax, f"'{parameter.name}' takes {takes}; {given}", title)
            return None
        if parameter.kind is Kind.FLAG:
            return node.value > 1
        return int(node.value) if whole else float(node.value)


def _fits(value: float, kind: Kind, most: float) -> bool:
    least = {Kind.LENGTH: 1.0, Kind.WHOLE: 0.0}.get(kind, -most)
    whole = kind in (Kind.LENGTH, Kind.WHOLE, Kind.INTEGER)
    return least <= value <= most and not (whole and value % 1)


def _is_bounded(node: Indicator) -> bool:
    """Tell whether there can be as many candles as the value needs: with a factor of 1e308 there cannot."""
    try:
        return node.memory <= _FURTHEST_BACK
    except OverflowError:
        return False


def _taken(function: Function, call: s.Call) -> tuple[Parameter, ...]:
    """Give the parameters that a call means: all, or all but an implied first one that it leaves out."""
    first = function.parameters[0] if function.parameters else None
    if first is None or first.implied is None or any(argument.name == first.name for argument in call.arguments):
        return function.parameters
    asked = sum(p.default is None for p in function.parameters)
    return function.parameters[1:] if len(call.arguments) < asked else function.parameters
