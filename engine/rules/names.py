"""Names in expressions that `define` does not hold: parameters, candles, constants; and what stands after a dot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.indicators import NEW_DAY, TA, Kind
from engine.rules import syntax as s
from engine.rules.catalogue import CatalogueOutput, other_output
from engine.rules.nodes import CANDLE, Candle, Constant, Indicator, NewDay, Node, Output
from engine.rules.scope import CALLABLE, CONSTANTS, not_yet

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver


def name_node(resolver: Resolver, syntax: s.Name) -> Node | None:
    """Give the node of a plain name; reported, and None, where it has none."""
    name = syntax.name
    if name in resolver.params:
        return resolver.one(Constant(Kind.SERIES, resolver.params[name]))
    if name in CANDLE:
        return resolver.one(Candle(Kind.SERIES, name))
    if name in CONSTANTS:
        return resolver.one(CONSTANTS[name])
    if _is_variable(name):
        return resolver.node(s.Call(syntax.start, syntax.end, syntax, ()))
    _report(resolver, syntax, name)
    return None


def attribute_node(resolver: Resolver, syntax: s.Attribute) -> Node | None:
    """Give the node of `math.pi`, or of an output such as `ta.supertrend(3, 10).direction`."""
    dotted = resolver.dotted(syntax)
    if dotted in CONSTANTS:
        return resolver.one(CONSTANTS[dotted])
    if dotted == NEW_DAY:
        return resolver.one(NewDay(Kind.CONDITION, resolver.timeframe))
    if _is_variable(dotted):
        return resolver.node(s.Call(syntax.start, syntax.end, syntax, ()))
    of_variable = _is_variable(resolver.dotted(syntax.owner))
    if (dotted.startswith(("ta.", "math.", "pandas_ta.")) and not of_variable) or not_yet(dotted):
        _report(resolver, syntax, dotted)
        return None
    if isinstance(syntax.owner, s.Call) and resolver.dotted(syntax.owner.function).startswith("pandas_ta."):
        return resolver.calls.catalogue(syntax.owner, output=syntax)
    owner = resolver.node(syntax.owner)
    if owner is None:
        return None
    if isinstance(owner, CatalogueOutput):
        return other_output(resolver, owner, syntax)
    return _output(resolver, owner, syntax)


def _is_variable(dotted: str) -> bool:
    """Tell whether a name without parentheses is the indicator's value, as Pine's `ta.tr` and `ta.obv` are."""
    function = TA.get(dotted.removeprefix("ta."))
    return function is not None and all(parameter.default is not None for parameter in function.parameters)


def _output(resolver: Resolver, owner: Node, syntax: s.Attribute) -> Node | None:
    indicator = owner.indicator if isinstance(owner, Output) else owner
    outputs = indicator.function.outputs if isinstance(indicator, Indicator) else ()
    if syntax.name in outputs:
        index = outputs.index(syntax.name)
        return resolver.one(Output(Kind.SERIES, indicator, index)) if len(outputs) > 1 else owner
    hint = f"there {'is' if len(outputs) == 1 else 'are'} .{', .'.join(outputs)}" if outputs else ""
    resolver.report(syntax, f"this has no output '{syntax.name}'", hint)
    return None


def _report(resolver: Resolver, syntax: s.Syntax, name: str) -> None:
    """Say why a name stands for no value: a function, one of a later version, or unknown."""
    bare = name.removeprefix("ta.")
    if bare in TA or name in CALLABLE:
        title = TA[bare].signature if bare in TA else f"{name}(...)"
        resolver.report(syntax, f"'{name}' is a function", f"write {title}")
    elif name.startswith("pandas_ta."):
        resolver.report(syntax, f"'{name}' is a function", f"write {name}(...)")
    elif not_yet(name):
        resolver.report(syntax, f"'{name}' is not available in this version")
    else:
        known: tuple[Iterable[str], ...] = (CANDLE, CONSTANTS, resolver.params, resolver.defines)
        if name.startswith(("ta.", "math.")):
            known = ((f"ta.{n}" for n in TA), CALLABLE, CONSTANTS)
        resolver.report(syntax, f"unknown name '{name}'", resolver.suggest(name, *known))
