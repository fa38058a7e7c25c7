"""Names in expressions that `define` does not hold: parameters, candles, constants; and what stands after a dot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.indicators import FALSE, NEW_DAY, TA, TRUE, Kind
from engine.market import Timeframe
from engine.rules import syntax as s
from engine.rules.calendar_parts import PARTS
from engine.rules.catalogue import CatalogueOutput, other_output
from engine.rules.foreign import instead_of
from engine.rules.lookback import LOOKBACK
from engine.rules.nodes import CANDLE, DAY, Candle, Constant, Indicator, NewPeriod, Node, Output
from engine.rules.operators import OPERATIONS
from engine.rules.periods import NAME as CHANGE
from engine.rules.periods import SIGNATURE as CHANGE_SIGNATURE
from engine.rules.position import position_node
from engine.rules.scope import CALLABLE, CONSTANTS, MINTICK, TIMEFRAME, function_named
from engine.rules.security import NAME as SECURITY
from engine.rules.security import SIGNATURE as SECURITY_SIGNATURE

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver

_OURS = ("ta.", "math.", "pandas_ta.", "timeframe.", "syminfo.", "session.", "dayofweek.", "barstate.", "strategy.")
_SIGNATURES = {SECURITY: SECURITY_SIGNATURE, CHANGE: CHANGE_SIGNATURE}


def name_node(resolver: Resolver, syntax: s.Name) -> Node | None:
    """Give the node of a plain name; reported, and None, where it has none."""
    name = syntax.name
    if name in resolver.params:
        return resolver.one(Constant(Kind.SERIES, resolver.params[name]))
    if name in CANDLE:
        return resolver.one(Candle(Kind.SERIES, name))
    if name in CONSTANTS:
        return resolver.one(CONSTANTS[name])
    if name in PARTS:
        return resolver.operation(name, resolver.one(Candle(Kind.SERIES, "time")))
    if _is_variable(name):
        return resolver.node(s.Call(syntax.start, syntax.end, syntax, ()))
    if name == "position":
        return position_node(resolver, syntax, name)
    _report(resolver, syntax, name)
    return None


def attribute_node(resolver: Resolver, syntax: s.Attribute) -> Node | None:
    """Give the node of `math.pi`, or of an output such as `ta.supertrend(3, 10).direction`."""
    dotted = resolver.dotted(syntax)
    if dotted.startswith("position."):
        return position_node(resolver, syntax, dotted)
    if dotted == MINTICK:
        return _mintick(resolver, syntax)
    if (variable := _dotted_variable(resolver, dotted)) is not None:
        return resolver.one(variable)
    if _is_variable(dotted):
        return resolver.node(s.Call(syntax.start, syntax.end, syntax, ()))
    of_variable = _is_variable(resolver.dotted(syntax.owner))
    if (dotted.startswith(_OURS) and not of_variable) or _foreign(resolver, dotted):
        _report(resolver, syntax, dotted)
        return None
    if isinstance(syntax.owner, s.Call) and resolver.dotted(syntax.owner.function).startswith("pandas_ta."):
        return resolver.calls.catalogue(syntax.owner, output=syntax)
    return _output(resolver, resolver.node(syntax.owner), syntax)


def _mintick(resolver: Resolver, syntax: s.Syntax) -> Node | None:
    if resolver.mintick is not None:
        return resolver.one(Constant(Kind.SERIES, resolver.mintick))
    hint = "use it outside of request.security" if resolver.outer else "say 'tick' in the run definition"
    resolver.report(syntax, f"the price step ('{MINTICK}') is not known here", hint)
    return None


def _foreign(resolver: Resolver, dotted: str) -> bool:
    """Tell whether a dotted name is one of Pine's that has no meaning here, and does not begin with a name of yours."""
    root = dotted.partition(".")[0]
    return root not in resolver.defines and root not in resolver.params and instead_of(dotted) is not None


def _dotted_variable(resolver: Resolver, dotted: str) -> Node | None:
    """Give the node of a name with dots that is a value by itself."""
    if dotted in CONSTANTS:
        return CONSTANTS[dotted]
    if dotted in TIMEFRAME:
        return _of_timeframe(resolver.timeframe, dotted.partition(".")[2])
    return NewPeriod(Kind.CONDITION, resolver.timeframe, DAY) if dotted == NEW_DAY else None


def _of_timeframe(timeframe: Timeframe, name: str) -> Node:
    """Give what Pine tells of a chart's timeframe: hours are minutes there."""
    if name == "multiplier":
        return Constant(Kind.SERIES, float(timeframe.count * (60 if timeframe.unit == "h" else 1)))
    units = {"isseconds": "s", "isminutes": "mh", "isintraday": "smh", "isdaily": "d", "isweekly": "w"}
    units |= {"ismonthly": "M", "isdwm": "dwM"}
    return Constant(Kind.CONDITION, TRUE if timeframe.unit in units[name] else FALSE)


def _is_variable(dotted: str) -> bool:
    """Tell whether a name without parentheses is the indicator's value, as Pine's `ta.tr` and `ta.obv` are."""
    function = function_named(dotted)
    return function is not None and all(parameter.default is not None for parameter in function.parameters)


def _output(resolver: Resolver, owner: Node | None, syntax: s.Attribute) -> Node | None:
    if owner is None:
        return None
    if isinstance(owner, CatalogueOutput):
        return other_output(resolver, owner, syntax)
    indicator = owner.indicator if isinstance(owner, Output) else owner
    outputs = indicator.function.outputs if isinstance(indicator, Indicator) else ()
    if syntax.name in outputs:
        index = outputs.index(syntax.name)
        return resolver.one(Output(Kind.SERIES, indicator, index)) if len(outputs) > 1 else owner
    hint = f"there {'is' if len(outputs) == 1 else 'are'} .{', .'.join(outputs)}" if outputs else ""
    resolver.report(syntax, f"this has no output '{syntax.name}'", hint)
    return None


def _report(resolver: Resolver, syntax: s.Syntax, name: str) -> None:
    """Say why a name stands for no value: a function, one that a rule file has no use for, or unknown."""
    function = function_named(name)
    if function is not None:
        resolver.report(syntax, f"'{name}' is a function", f"write {function.signature}")
    elif name in CALLABLE:
        resolver.report(syntax, f"'{name}' is a function", f"write {signature_of(name)}")
    elif name.startswith("pandas_ta."):
        resolver.report(syntax, f"'{name}' is a function", f"write {name}(...)")
    elif name in _SIGNATURES:
        resolver.report(syntax, f"'{name}' is a function", f"write {_SIGNATURES[name]}")
    elif instead := instead_of(name):
        resolver.report(syntax, f"'{name}' has no meaning in a rule file", instead)
    else:
        known: tuple[Iterable[str], ...] = (CANDLE, CONSTANTS, LOOKBACK, PARTS, resolver.params, resolver.defines)
        if name.startswith(_OURS):
            known = ((f"ta.{n}" for n in TA), CALLABLE, LOOKBACK, CONSTANTS, TIMEFRAME, (MINTICK, NEW_DAY, CHANGE))
        resolver.report(syntax, f"unknown name '{name}'", resolver.suggest(name, *known))


def signature_of(name: str) -> str:
    """Give the call of a function that looks at one bar at a time, as Pine writes it."""
    if name in PARTS:
        return f"{name}(time, timezone)"
    return "math.round_to_mintick(number)" if name == "math.round_to_mintick" else OPERATIONS[name].signature(name)
