"""A rule file that has been read and found good, and the plans it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine.documents import Mapping as Section
from engine.documents import Node, Source, parse_on, read_text, validate
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.market import MarketKind, Timeframe
from engine.rules.assemble import Clock, assemble
from engine.rules.contradictions import contradictions
from engine.rules.expressions import Expressions
from engine.rules.hours import flat_node, sessions_node
from engine.rules.model import RuleFile
from engine.rules.nodes import Node as PlanNode
from engine.rules.overrides import override_fault
from engine.rules.plan import Plan
from engine.rules.resolver import MINTICK
from engine.rules.terms import Terms, terms_of

_MOST_PLANS = 64  # that a rule keeps, by what they were asked for with


@dataclass(frozen=True)
class Rule:
    """One strategy. `sha256` is of the file's bytes: it names exactly what was backtested and what runs."""

    file: RuleFile
    expressions: Expressions
    sha256: str
    outputs: Mapping[str, PlanNode] = field(compare=False, repr=False)  # of the plan with every default

    @property
    def name(self) -> str:
        """The strategy's name."""
        return self.file.name

    @property
    def market(self) -> MarketKind:
        """Futures or spot."""
        return self.file.market

    @cached_property
    def timeframe(self) -> Timeframe:
        """The bars that it decides on."""
        return Timeframe.parse(self.file.timeframe)

    @cached_property
    def terms(self) -> Terms:
        """The fixed words of the file, by side."""
        return terms_of(self.file)

    def plan(
        self,
        params: Mapping[str, float] | None = None,
        *,
        timeframe: Timeframe | None = None,
        symbol: str = "",
        mintick: float | None = MINTICK,
    ) -> Plan:
        """Give the plan for these parameter values, the defaults where none is given.

        It is for bars of `timeframe`, if that is not the rule's own, of `symbol`, where that is known, and for prices
        in steps of `mintick`, None where nobody knows it.

        Errors: InvalidInputError for an unknown parameter or a value out of its range; InvalidDocumentError where the
        rule makes no sense with these values.
        """
        if not params and symbol == "" and timeframe in (None, self.timeframe) and mintick == MINTICK:
            return self._usual_plan
        values = self.values(params)
        asked = (*sorted(values.items()), timeframe or self.timeframe, symbol, mintick)
        if asked not in self._plans:
            clock = _clock(self.file)
            outputs, problems = assemble(values, self.expressions, clock, timeframe or self.timeframe, symbol, mintick)
            if problems:
                raise InvalidDocumentError(problems)
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[asked] = Plan.of(outputs)
        return self._plans[asked]

    def values(self, params: Mapping[str, float] | None = None) -> dict[str, float]:
        """Give every parameter's value, the default where none is given. Errors: InvalidInputError as of `plan`."""
        values = {name: param.default for name, param in self.file.params.items()}
        for name, value in (params or {}).items():
            if fault := override_fault(name, value, self.file.params):
                raise InvalidInputError(fault)
            values[name] = value
        return values

    @cached_property
    def _plans(self) -> dict[tuple[object, ...], Plan]:
        return {}

    @cached_property
    def _usual_plan(self) -> Plan:
        return Plan.of(self.outputs)


def read_rule(text: str, name: str) -> Rule:
    """Read a rule file's text; `name` is what errors call the file. Errors: InvalidDocumentError with all problems."""
    source = Source(name, text)
    root, problems = parse_on(source)
    file: RuleFile | None = None
    try:
        file = validate(root, RuleFile, source)
    except InvalidDocumentError as error:
        problems += error.problems
    expressions = Expressions.find(root, source)
    problems += [*expressions.problems, *contradictions(root, source)]
    values = {n: p.default for n, p in file.params.items()} if file else _rough_params(root.get("params"))
    timeframe = Timeframe.parse(file.timeframe) if file else None
    outputs, unresolved = assemble(values, expressions, _clock(file) if file else Clock(), timeframe)
    problems += unresolved
    if problems or file is None:
        raise InvalidDocumentError(problems)
    return Rule(file, expressions, hashlib.sha256(text.encode()).hexdigest(), outputs)


def read_rule_file(path: str | Path) -> Rule:
    """Read a rule file. Errors: InvalidInputError where it cannot be read; InvalidDocumentError."""
    return read_rule(read_text(path), str(path))


def _clock(file: RuleFile) -> Clock:
    return Clock(
        sessions_node(file.sessions) if file.sessions is not None else None,
        flat_node(file.flat_at) if file.flat_at is not None else None,
    )


def _rough_params(node: Node | None) -> dict[str, float]:
    """Give what can be taken for parameter values in a file with mistakes, so that its expressions are checked too."""
    if not isinstance(node, Section):
        return {}
    found: dict[str, float] = {}
    for name, below in node:
        spec = below.plain()
        value = spec.get("default") if isinstance(spec, dict) else spec
        found[name] = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 1.0
    return found
