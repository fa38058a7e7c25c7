"""Calls of functions that look at one bar at a time: `math.*`, `na`, `nz`, `hour(time)`, `timestamp`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.indicators import Kind
from engine.rules import syntax as s
from engine.rules.arguments import bind
from engine.rules.calendar_parts import PARTS
from engine.rules.names import signature_of
from engine.rules.nodes import Constant, Node
from engine.rules.operators import OPERATIONS
from engine.rules.position import ALLOWED, without_position
from engine.rules.zones import LocalTime, zone_of

if TYPE_CHECKING:
    from engine.rules.resolver import Resolver


class BarFunctions:
    """Resolves such calls for a resolver."""

    def __init__(self, resolver: Resolver) -> None:
        """Belong to `resolver`, which resolves the arguments."""
        self.resolver = resolver

    def resolve(self, call: s.Call, name: str) -> Node | None:
        """Give the node of a call; None where something about it is wrong."""
        if name in PARTS:
            return self._part(call, name)
        first = call.arguments[0].value if call.arguments else None
        if name == "timestamp" and isinstance(first, s.Text):
            return self._date(first, call)
        operation = OPERATIONS[name]
        names = list(operation.names)
        if name == "math.round_to_mintick":
            names.pop()
        if operation.many:
            names += [f"number{i}" for i in range(len(names), len(call.arguments))]
        optional = frozenset(names[len(operation.names) - len(operation.defaults) :])
        bound = bind(call, names, optional, signature_of(name), self.resolver.report)
        if bound is None:
            return None
        given = [parameter for parameter in names if parameter in bound]
        operands = {given[0]: self.resolver.node(bound[given[0]])}
        variant = self._variant(name, operands[given[0]])
        operation = OPERATIONS[variant]
        kinds = [*operation.takes, *[operation.takes[-1]] * (len(names) - len(operation.takes))]
        resolved: list[Node | None] = []
        for i, (parameter, kind) in enumerate(zip(names, kinds, strict=False)):
            if parameter in operands:
                node = self.resolver.checked(operands[parameter], bound[parameter], kind, f"'{parameter}'")
                resolved.append(self._fitting(node, bound[parameter], variant))
            elif parameter in bound:
                node = self.resolver.of_kind(bound[parameter], kind, f"'{parameter}'")
                resolved.append(self._fitting(node, bound[parameter], variant))
            elif not operation.many:
                default = operation.defaults[i - len(names) + len(operation.defaults)]
                resolved.append(self.resolver.one(Constant(kind, default)))
        if name == "math.round_to_mintick":
            resolved.append(self._mintick(call))
        return self.resolver.operation(variant, *resolved)

    def _variant(self, name: str, first: Node | None) -> str:
        """Give the operation that a call means, by the kind of its first argument."""
        for_conditions = f"{name} condition"
        return for_conditions if for_conditions in OPERATIONS and first and first.kind is Kind.CONDITION else name

    def _fitting(self, node: Node | None, syntax: s.Syntax, name: str) -> Node | None:
        """Give the node; reported, and None, where it depends on the position and this function cannot."""
        return node if name in ALLOWED else without_position(self.resolver, node, syntax, name)

    def _mintick(self, call: s.Call) -> Node | None:
        """Resolve the price step by its name, so that it is refused where that is."""
        at = call.function
        return self.resolver.node(s.Attribute(at.start, at.end, s.Name(at.start, at.end, "syminfo"), "mintick"))

    def _part(self, call: s.Call, name: str) -> Node | None:
        bound = bind(call, ["time", "timezone"], frozenset({"timezone"}), signature_of(name), self.resolver.report)
        if bound is None:
            return None
        time = self.resolver.of_kind(bound["time"], Kind.SERIES, "'time'")
        time = without_position(self.resolver, time, bound["time"], name)
        if zone := bound.get("timezone"):
            if not isinstance(zone, s.Text) or zone_of(zone.value) is None:
                told = f"'{zone.value}' is no zone" if isinstance(zone, s.Text) else "'timezone' takes a zone in quotes"
                self.resolver.report(zone, told, 'such as "UTC", "GMT+2" or "America/New_York"')
                return None
            time = time and self.resolver.one(LocalTime(Kind.SERIES, time, zone.value))
        return self.resolver.operation(name, time)

    def _date(self, text: s.Text, call: s.Call) -> Node | None:
        """Give the time of a date in quotes."""
        if len(call.arguments) > 1:
            hint = "times are in UTC: timestamp(2024, 1, 31, 12, 0)"
            self.resolver.report(call.arguments[1], "one argument too many: timestamp(dateString)", hint)
            return None
        try:
            moment = datetime.fromisoformat(text.value)
            ms = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
        except (ValueError, OverflowError):
            self.resolver.report(text, "this is no date", 'write "2024-01-31" or "2024-01-31T12:00"')
            return None
        return self.resolver.one(Constant(Kind.SERIES, float(round(ms))))
