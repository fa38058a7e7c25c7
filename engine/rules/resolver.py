"""From syntax to plan nodes: names looked up, kinds checked, constants folded, equal expressions made one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.documents import did_you_mean
from engine.errors import Problem
from engine.indicators import FALSE, TA, TRUE, Kind
from engine.rules import syntax as s
from engine.rules.calls import Calls
from engine.rules.expression import Expression
from engine.rules.nodes import CANDLE, Candle, Constant, History, Indicator, Node, Operation, Output
from engine.rules.operators import DEFAULTS, OPERATIONS, Value

NAN = float("nan")
CONSTANTS = {
    "true": Constant(Kind.CONDITION, TRUE),
    "false": Constant(Kind.CONDITION, FALSE),
    "na": Constant(Kind.SERIES, NAN),
    "math.pi": Constant(Kind.SERIES, 3.141592653589793),
    "math.e": Constant(Kind.SERIES, 2.718281828459045),
}
RESERVED = frozenset(
    {*CANDLE, *CONSTANTS, *TA, *OPERATIONS, "ta", "math", "pandas_ta", "position", "request", "syminfo"}
)
_KIND_WORDS = {Kind.SERIES: "a number", Kind.CONDITION: "a condition"}


class Resolver:
    """Resolves the expressions of one rule for given parameter values; `problems` collects what is wrong with them.

    A sub-expression that cannot be resolved is None, and so is all that depends on it: each mistake is reported once.
    """

    def __init__(self, params: Mapping[str, float], defines: Mapping[str, Expression]) -> None:
        """Start with nothing resolved."""
        self.params = params
        self.defines = defines
        self.problems: list[Problem] = []
        self._nodes: dict[Node, Node] = {}
        self._defined: dict[str, Node | None] = {}
        self._open: list[str] = []
        self._expression: Expression | None = None
        self._calls = Calls(self)

    def resolve(self, expression: Expression, wanted: Kind | None) -> Node | None:
        """Give the node of a whole expression, of the wanted kind (any kind if None); None where it is wrong."""
        outer, self._expression = self._expression, expression
        try:
            return self.node(expression.syntax) if wanted is None else self.of_kind(expression.syntax, wanted)
        finally:
            self._expression = outer

    def define(self, name: str) -> Node | None:
        """Give the node of a name in `define`."""
        if name not in self._defined:
            self._open.append(name)
            self._defined[name] = self.resolve(self.defines[name], None)
            self._open.pop()
        return self._defined[name]

    def report(self, at: s.Syntax, message: str, hint: str = "") -> None:
        """Note a problem at a part of the current expression."""
        assert self._expression is not None  # noqa: S101 - report is only called while resolving
        self.problems.append(self._expression.problem(at, message, hint))

    def one(self, node: Node) -> Node:
        """Give the node that stands for all that equal it."""
        return self._nodes.setdefault(node, node)

    def of_kind(self, syntax: s.Syntax, wanted: Kind, where: str = "") -> Node | None:
        """Resolve, and report where the result is of another kind."""
        node = self.node(syntax)
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
        resolve: Callable[[s.Syntax], Node | None] = getattr(self, f"_{type(syntax).__name__.lower()}")
        return resolve(syntax)

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
        if isinstance(syntax, s.Name):
            return syntax.name
        if isinstance(syntax, s.Attribute) and (owner := self.dotted(syntax.owner)):
            return f"{owner}.{syntax.name}"
        return ""

    def _number(self, syntax: s.Number) -> Node:
        return self.one(Constant(Kind.SERIES, syntax.value))

    def _text(self, syntax: s.Text) -> None:
        self.report(syntax, "a text has no meaning here")

    def _name(self, syntax: s.Name) -> Node | None:
        name = syntax.name
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            self.report(syntax, f"'{name}' is defined by itself: {circle}")
            return None
        if name in self.defines:
            return self.define(name)
        if name in self.params:
            return self.one(Constant(Kind.SERIES, self.params[name]))
        if name in CANDLE:
            return self.one(Candle(Kind.SERIES, name))
        if name in CONSTANTS:
            return self.one(CONSTANTS[name])
        if name in TA:
            self.report(syntax, f"'{name}' is a function", f"write {TA[name].signature}")
        else:
            known = [*self.defines, *self.params, *CANDLE, *CONSTANTS]
            self.report(syntax, f"unknown name '{name}'", did_you_mean(name, known))
        return None

    def _attribute(self, syntax: s.Attribute) -> Node | None:
        dotted = self.dotted(syntax)
        if dotted in CONSTANTS:
            return self.one(CONSTANTS[dotted])
        root = dotted.split(".", maxsplit=1)[0]
        if root in ("ta", "math") and root not in self.defines:
            known = [f"ta.{name}" for name in TA] if root == "ta" else [n for n in OPERATIONS if n.startswith("math.")]
            self.report(syntax, f"'{dotted}' is no value", "call it with arguments" if dotted in known else "")
            return None
        if root in ("position", "syminfo"):
            self.report(syntax, f"'{dotted}' is not available in this version")
            return None
        owner = self.node(syntax.owner)
        if owner is None:
            return None
        indicator = owner.indicator if isinstance(owner, Output) else owner
        outputs = indicator.function.outputs if isinstance(indicator, Indicator) else ()
        if syntax.name in outputs:
            index = outputs.index(syntax.name)
            return self.one(Output(Kind.SERIES, indicator, index)) if len(outputs) > 1 else owner
        hint = f"there {'is' if len(outputs) == 1 else 'are'} .{', .'.join(outputs)}" if outputs else ""
        self.report(syntax, f"this has no output '{syntax.name}'", hint)
        return None

    def _call(self, syntax: s.Call) -> Node | None:
        return self._calls.resolve(syntax)

    def _unary(self, syntax: s.Unary) -> Node | None:
        if syntax.operator == "not":
            return self.operation("not", self.of_kind(syntax.operand, Kind.CONDITION, "not"))
        operand = self.of_kind(syntax.operand, Kind.SERIES, f"'{syntax.operator}'")
        return self.operation("negative", operand) if syntax.operator == "-" else operand

    def _binary(self, syntax: s.Binary) -> Node | None:
        kind = OPERATIONS[syntax.operator].takes[0]
        where = f"'{syntax.operator}'"
        return self.operation(
            syntax.operator, self.of_kind(syntax.left, kind, where), self.of_kind(syntax.right, kind, where)
        )

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
        if not isinstance(bars, Constant) or bars.value != int(bars.value) or not 0 <= bars.value <= 5000:
            self.report(syntax.bars, "a whole number of bars from 0 to 5000 is needed here, the same on every bar")
            return None
        if bars.value == 0 or isinstance(operand, Constant):
            return operand
        return self.one(History(operand.kind, operand, int(bars.value)))


__all__ = ["DEFAULTS", "RESERVED", "Resolver"]
