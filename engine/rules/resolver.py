"""From syntax to plan nodes: names looked up, kinds checked, constants folded, equal expressions made one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain

from engine.documents import did_you_mean
from engine.errors import Problem
from engine.indicators import Kind
from engine.market import Timeframe
from engine.rules import syntax as s
from engine.rules.calls import Calls
from engine.rules.expression import Expression
from engine.rules.names import attribute_node, name_node
from engine.rules.nodes import Constant, History, Node, Operation
from engine.rules.operators import OPERATIONS, Value
from engine.rules.scope import NAN

FURTHEST = 5000
_DEEPEST = 100
_HINTED = 50
_KIND_WORDS = {Kind.SERIES: "a number", Kind.CONDITION: "a condition"}


class Resolver:
    """Resolves the expressions of one rule for given parameter values; `problems` collects what is wrong with them.

    A sub-expression that cannot be resolved is None, and so is all that depends on it: each mistake is reported once.
    """

    def __init__(
        self,
        params: Mapping[str, float],
        defines: Mapping[str, Expression],
        timeframe: Timeframe | None = None,
        unread: Collection[str] = (),
    ) -> None:
        """Start with nothing resolved. Without a `timeframe`, hours are taken.

        `unread` are names that are defined, but so that nothing could be read: known, and wrong already.
        """
        self.timeframe = timeframe or Timeframe(1, "h")
        self.params = params
        self.defines = defines
        self.problems: list[Problem] = []
        self._nodes: dict[Node, Node] = {}
        self._defined: dict[str, Node | None] = dict.fromkeys(unread)
        self._open: dict[str, Iterator[str]] = {}
        self._expression: Expression | None = None
        self._depth = 0
        self.calls = Calls(self)

    def resolve(self, expression: Expression, wanted: Kind | None) -> Node | None:
        """Give the node of a whole expression, of the wanted kind (any kind if None); None where it is wrong."""
        outer, self._expression = self._expression, expression
        try:
            return self.node(expression.syntax) if wanted is None else self.of_kind(expression.syntax, wanted)
        finally:
            self._expression = outer

    def define(self, name: str) -> Node | None:
        """Give the node of a name in `define`. Those it is made of are resolved first, however many they are."""
        following: str | None = None if name in self._defined else name
        while following or self._open:
            if following:
                self._open[following] = self.defines[following].syntax.names()
            last = next(reversed(self._open))
            waiting = (n for n in self._open[last] if n in self.defines and n not in self._defined)
            following = next((n for n in waiting if n not in self._open), None)
            if not following:
                self._defined[last] = self.resolve(self.defines[last], None)
                del self._open[last]
        return self._defined[name]

    def report(self, at: s.Syntax, message: str, hint: str = "") -> None:
        """Note a problem at a part of the current expression."""
        assert self._expression is not None  # noqa: S101 - report is only called while resolving
        self.problems.append(self._expression.problem(at, message, hint))

    def suggest(self, word: str, *known: Iterable[str]) -> str:
        """Give "did you mean ...?", as long as there are not so many mistakes that looking would take seconds."""
        return did_you_mean(word, chain(*known)) if len(self.problems) < _HINTED else ""

    def one(self, node: Node) -> Node:
        """Give the node that stands for all that equal it."""
        return self._nodes.setdefault(node, node)

    def of_kind(self, syntax: s.Syntax, wanted: Kind, where: str = "") -> Node | None:
        """Resolve, and report where the result is of another kind."""
        return self.checked(self.node(syntax), syntax, wanted, where)

    def checked(self, node: Node | None, syntax: s.Syntax, wanted: Kind, where: str = "") -> Node | None:
        """Give the node of `syntax`; reported, and None, where it is of another kind."""
        if node is None or node.kind is wanted:
            return node
        hint = "compare it with something: ... > 0" if wanted is Kind.CONDITION else ""
        if where == "not":
            hint = "'not' binds tighter than comparisons; write not (a > b)"
        place = f" for {where}" if where and where != "not" else ""
        self.report(syntax, f"{_KIND_WORDS[wanted]} is needed here{place}, and this is {_KIND_WORDS[node.kind]}", hint)
        return None

    def node(self, syntax: s.Syntax) -> Node | None:
        """Resolve a part of an expression."""
        if self._depth == _DEEPEST:
            self.report(syntax, "nested too deeply", "use names in 'define'")
            return None
        resolve: Callable[[s.Syntax], Node | None] = getattr(self, f"_{type(syntax).__name__.lower()}")
        self._depth += 1
        try:
            return resolve(syntax)
        finally:
            self._depth -= 1

    def operation(self, name: str, *operands: Node | None) -> Node | None:
        """Give the operation, computed now where all operands are constants."""
        known = tuple(operand for operand in operands if operand is not None)
        if len(known) != len(operands):
            return None
        gives = OPERATIONS[name].gives
        if all(isinstance(operand, Constant) for operand in known):
            values: list[Value] = [operand.value for operand in known if isinstance(operand, Constant)]
            value = float(OPERATIONS[name].compute(*values))
            return self.one(Constant(gives, NAN if value != value else value))  # noqa: PLR0124 - one NaN object, equal to itself
        return self.one(Operation(gives, name, known))

    def dotted(self, syntax: s.Syntax) -> str:
        """Give "ta.ema" for names joined by dots, "" for anything else."""
        names: list[str] = []
        while isinstance(syntax, s.Attribute):
            names.append(syntax.name)
            syntax = syntax.owner
        return ".".join([syntax.name, *reversed(names)]) if isinstance(syntax, s.Name) else ""

    def _number(self, syntax: s.Number) -> Node:
        return self.one(Constant(Kind.SERIES, syntax.value))

    def _text(self, syntax: s.Text) -> None:
        self.report(syntax, "a text has no meaning here")

    def _name(self, syntax: s.Name) -> Node | None:
        name = syntax.name
        if name in self._defined:
            return self._defined[name]
        if name in self._open:
            path = list(self._open)
            circle = " → ".join([*path[path.index(name) :], name])
            self.report(syntax, f"'{name}' is defined by itself: {circle}")
            return None
        if name in self.defines:
            return self.define(name)
        return name_node(self, syntax)

    def _attribute(self, syntax: s.Attribute) -> Node | None:
        return attribute_node(self, syntax)

    def _call(self, syntax: s.Call) -> Node | None:
        return self.calls.resolve(syntax)

    def _unary(self, syntax: s.Unary) -> Node | None:
        if syntax.operator == "not":
            return self.operation("not", self.of_kind(syntax.operand, Kind.CONDITION, "not"))
        operand = self.of_kind(syntax.operand, Kind.SERIES, f"'{syntax.operator}'")
        return self.operation("negative", operand) if syntax.operator == "-" else operand

    def _binary(self, syntax: s.Binary) -> Node | None:
        # A sum of a thousand terms leans left; it is walked rather than called into.
        chained: list[s.Binary] = []
        first: s.Syntax = syntax
        while isinstance(first, s.Binary):
            chained.append(first)
            first = first.left
        result = self.node(first)
        for binary in reversed(chained):
            kind, where = OPERATIONS[binary.operator].takes[0], f"'{binary.operator}'"
            left = self.checked(result, binary.left, kind, where)
            result = self.operation(binary.operator, left, self.of_kind(binary.right, kind, where))
        return result

    def _comparison(self, syntax: s.Comparison) -> Node | None:
        operands = [
            self.of_kind(operand, Kind.SERIES, f"'{syntax.operators[max(0, i - 1)]}'")
            for i, operand in enumerate(syntax.operands)
        ]
        result: Node | None = None
        for i, operator in enumerate(syntax.operators):
            pair = self.operation(operator, operands[i], operands[i + 1])
            result = pair if i == 0 else self.operation("and", result, pair)
        return result

    def _conditional(self, syntax: s.Conditional) -> Node | None:
        condition = self.of_kind(syntax.condition, Kind.CONDITION, "'?'")
        if_true = self.node(syntax.if_true)
        if if_true is None:
            return None
        if_false = self.of_kind(syntax.if_false, if_true.kind, "':'")
        return self.operation(
            "if number" if if_true.kind is Kind.SERIES else "if condition", condition, if_true, if_false
        )

    def _history(self, syntax: s.History) -> Node | None:
        operand = self.node(syntax.operand)
        bars = self.of_kind(syntax.bars, Kind.SERIES, "[ ]")
        if operand is None or bars is None:
            return None
        if not isinstance(bars, Constant) or not 0 <= bars.value <= FURTHEST or bars.value % 1:
            given = f"this is {bars}" if isinstance(bars, Constant) else "this changes from bar to bar"
            self.report(syntax.bars, f"a whole number of bars from 0 to {FURTHEST} is needed here; {given}")
            return None
        if bars.value == 0 or isinstance(operand, Constant):
            return operand
        return self.one(History(operand.kind, operand, int(bars.value)))
