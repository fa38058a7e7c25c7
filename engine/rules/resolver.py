"""From syntax to plan nodes: names looked up, kinds checked, constants folded, equal expressions made one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from engine.documents import did_you_mean
from engine.errors import Problem
from engine.indicators import FALSE, TRUE, UNKNOWN, Kind
from engine.market import Timeframe
from engine.market.feed import Feed
from engine.rules import syntax as s
from engine.rules.calls import Calls
from engine.rules.expression import Expression
from engine.rules.names import attribute_node, name_node
from engine.rules.nodes import Constant, History, Node, Operation
from engine.rules.operators import OPERATIONS, Value
from engine.rules.position import without_position
from engine.rules.scope import NAN

FURTHEST = 5000
MINTICK = 0.01
_DEEPEST = 100
_HINTED = 50
_UNKNOWN = Constant(Kind.CONDITION, UNKNOWN)
_CONDITIONAL = frozenset({"and", "or", "if number", "if condition"})
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
        symbol: str = "",
        outer: Resolver | None = None,
        mintick: float | None = MINTICK,
    ) -> None:
        """Start with nothing resolved. Without a `timeframe`, hours are taken.

        `unread` are names that are defined, but so that nothing could be read: known, and wrong already. `symbol` is
        the rule's own, where it is known. `outer` is who resolves the expression that this is a part of, where that
        part is for other candles. `mintick` is the step of the instrument's prices, None where it is not known.
        """
        self.mintick = mintick
        self.timeframe = timeframe or Timeframe(1, "h")
        self.timeframe_known = timeframe is not None
        self.symbol = symbol
        self.outer = outer
        self._elsewhere: dict[Feed, Resolver] = {}
        self._part: s.Syntax | None = None
        self._unread = unread
        self.params = params
        self.defines = defines
        self.problems: list[Problem] = outer.problems if outer else []
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

    def elsewhere(self, feed: Feed, part: s.Syntax) -> Node | None:
        """Give the node of a part of the current expression on other candles."""
        if feed not in self._elsewhere:
            mintick = None if feed.symbol else self.mintick
            other = Resolver(self.params, self.defines, feed.timeframe, self._unread, outer=self, mintick=mintick)
            self._elsewhere[feed] = other
        return self._elsewhere[feed]._resolve_part(part, self._expression, self._depth)  # noqa: SLF001 - of this class

    def _resolve_part(self, part: s.Syntax, expression: Expression | None, depth: int) -> Node | None:
        self._part, self._expression, self._depth = part, expression, depth
        return self.node(part)

    @property
    def brought_here_by(self) -> tuple[Resolver, s.Syntax] | None:
        """Who asked for other candles, and where, if the current expression is a definition that stands by its name."""
        outer, part = self.outer, self._part
        same = outer is None or part is None or outer._expression is self._expression  # noqa: SLF001 - of this class
        return None if same or outer is None or part is None else (outer, part)

    def circle(self, name: str) -> list[str]:
        """Give the names by which a name leads back to itself, [] if it is not being resolved."""
        path = list(self._open)
        here = path[path.index(name) :] if name in self._open else []
        return here or (self.outer.circle(name) if self.outer else [])

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
        hint = "compare it with something: ... > 0" if wanted is Kind.CONDITION else "for 1 or 0 write (... ? 1 : 0)"
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
        if name in _CONDITIONAL and (settled := _settled(name, known)) is not None:
            return self.one(settled)
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
        if circle := self.circle(name):
            self.report(syntax, f"'{name}' is defined by itself: {' → '.join([*circle, name])}")
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
        first = self.node(syntax.operands[0])
        if first and first.kind is Kind.CONDITION and f"{syntax.operators[0]} condition" in OPERATIONS:
            return self._same_truth(first, syntax)
        operands = [self.checked(first, syntax.operands[0], Kind.SERIES, f"'{syntax.operators[0]}'")]
        for operator, operand in zip(syntax.operators, syntax.operands[1:], strict=True):
            operands.append(self.of_kind(operand, Kind.SERIES, f"'{operator}'"))
        result: Node | None = None
        for i, operator in enumerate(syntax.operators):
            pair = self.operation(operator, operands[i], operands[i + 1])
            result = pair if i == 0 else self.operation("and", result, pair)
        return result

    def _same_truth(self, first: Node, syntax: s.Comparison) -> Node | None:
        """Compare two conditions. Pine would compare the result with a third, so a chain is not taken for one."""
        operator, *more = syntax.operators
        if more:
            self.report(syntax, "a chain compares numbers, and these are conditions", "write (a == b) == c")
            return None
        second = self.node(syntax.operands[1])
        if second and second.kind is not Kind.CONDITION:
            hint = "write true or false" if isinstance(second, Constant) else ""
            self.report(syntax.operands[1], f"'{operator}' compares a condition with a number here", hint)
            return None
        return self.operation(f"{operator} condition", first, second)

    def _conditional(self, syntax: s.Conditional) -> Node | None:
        condition = self.of_kind(syntax.condition, Kind.CONDITION, "'?'")
        if_true, if_false = self.node(syntax.if_true), self.node(syntax.if_false)
        if if_true is None or if_false is None:
            return None
        # A plain na is of either kind, as in Pine.
        if if_false.kind is Kind.CONDITION and _is_na(syntax.if_true):
            if_true = _UNKNOWN
        if if_true.kind is Kind.CONDITION and _is_na(syntax.if_false):
            if_false = _UNKNOWN
        return self.operation(
            "if number" if if_true.kind is Kind.SERIES else "if condition",
            condition,
            if_true,
            self.checked(if_false, syntax.if_false, if_true.kind, "':'"),
        )

    def _history(self, syntax: s.History) -> Node | None:
        operand = self.node(syntax.operand)
        bars = self.of_kind(syntax.bars, Kind.SERIES, "[ ]")
        operand = without_position(self, operand, syntax.operand, "[ ]")
        if operand is None or bars is None:
            return None
        if not isinstance(bars, Constant) or not 0 <= bars.value <= FURTHEST or bars.value % 1:
            given = f"this is {bars}" if isinstance(bars, Constant) else "this changes from bar to bar"
            self.report(syntax.bars, f"a whole number of bars from 0 to {FURTHEST} is needed here; {given}")
            return None
        if bars.value == 0 or isinstance(operand, Constant):
            return operand
        return self.one(History(operand.kind, operand, int(bars.value)))


def _is_na(syntax: s.Syntax) -> bool:
    return isinstance(syntax, s.Name) and syntax.name == "na"


def _settled(name: str, operands: Sequence[Node]) -> Node | None:
    """Give what an operation comes to where a constant condition decides it; None where none does."""
    if name in ("and", "or"):
        deciding, neutral = (FALSE, TRUE) if name == "and" else (TRUE, FALSE)
        for constant, other in (operands, operands[::-1]):
            if isinstance(constant, Constant) and constant.value in (deciding, neutral):
                return constant if constant.value == deciding else other
        return None
    if isinstance(operands[0], Constant):
        unknown = Constant(Kind.SERIES, NAN) if name == "if number" else _UNKNOWN
        return {TRUE: operands[1], FALSE: operands[2]}.get(int(operands[0].value), unknown)
    return None
