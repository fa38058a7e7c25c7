"""Tokens to a syntax tree, with the precedence of Pine's operators.

Loosest first: `?:`, `or`, `and`, `== !=`, `< <= > >=`, `+ -`, `* / %`, unary `- + not`, then `[n]`, calls and
attributes. Comparisons of one level may be chained.
"""

from __future__ import annotations

import math

from engine.rules.syntax import (
    Argument,
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    History,
    Name,
    Number,
    Syntax,
    Text,
    Unary,
)
from engine.rules.tokens import ExpressionSyntaxError, Token, tokenize

MAX_LENGTH = 10_000
MAX_DEPTH = 40

_LEVELS = (("or",), ("and",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_LEVEL = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_CHAINED = (2, 3)
_ASSIGNED = "nothing is assigned here: give the value a name in 'define'"
_BRANCH = "choose with condition ? a : b"
_KEPT = "nothing is kept from bar to bar; ta.valuewhen, ta.barssince and ta.cum remember"
_NO_LOOPS = "there are no loops: the functions of ta look back over many bars"
_STATEMENTS = {
    **dict.fromkeys(("if", "else", "switch"), _BRANCH),
    **dict.fromkeys(("for", "while"), _NO_LOOPS),
    **dict.fromkeys(("var", "varip"), _KEPT),
    **dict.fromkeys(("float", "int", "bool", "series"), _ASSIGNED),
}
_INSTEAD = {
    "=": "write '==' to compare; values get their names in 'define'",
    "[": "outputs are picked by name, as in ta.macd(close, 12, 26, 9).hist",
    "//": "a comment begins with ' #'",
    "=>": "functions cannot be defined; name values in 'define'",
    **dict.fromkeys((":=", "+=", "-=", "*=", "/=", "%="), _ASSIGNED),
}


def parse_expression(text: str) -> Syntax:
    """Read a whole expression. Errors: ExpressionSyntaxError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(
            0, 1, f"the expression has over {MAX_LENGTH:,} characters", "give parts of it names in 'define'"
        )
    parser = _Parser(tokenize(text))
    _refuse_statement(parser.tokens)
    tree = parser.conditional()
    token = parser.token
    if token.kind != "end":
        raise ExpressionSyntaxError(token.start, token.end, f"'{token.text}' is not expected here", _hint(token))
    return tree


def _refuse_statement(tokens: list[Token]) -> None:
    """Say at its first word that a statement of Pine's is none of ours. Errors: ExpressionSyntaxError."""
    first, following = tokens[0], tokens[min(1, len(tokens) - 1)]
    names_follow = following.kind == "name" and following.text not in ("and", "or", "not")
    if first.kind == "name" and first.text in _STATEMENTS and names_follow:
        hint = _STATEMENTS[first.text]
        raise ExpressionSyntaxError(first.start, first.end, f"'{first.text}' begins a statement of Pine's", hint)


def _hint(token: Token) -> str:
    if token.text in _INSTEAD:
        return _INSTEAD[token.text]
    if token.text.lower() in ("and", "or", "not"):
        return f"write '{token.text.lower()}'"
    return "an operator is missing before it" if token.kind in ("name", "number", "text") else ""


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> Token | None:
        token = self.tokens[self.position]
        if token.text in texts and token.kind in ("operator", "name"):
            self.position += 1
            return token
        return None

    def expect(self, text: str, opened: Token, instead: str = "") -> Token:
        if token := self.take(text):
            return token
        token = self.token
        if token.kind == "end":
            raise ExpressionSyntaxError(
                opened.start, opened.end, f"'{opened.text}' is never closed; '{instead or text}' is missing"
            )
        hint = _hint(token) if token.kind == "operator" or token.text.lower() in ("and", "or") else ""
        raise ExpressionSyntaxError(token.start, token.end, f"expected '{text}' here, found '{token.text}'", hint)

    def conditional(self) -> Syntax:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionSyntaxError(self.token.start, self.token.end, "nested too deeply", "use names in 'define'")
        condition = self.operation(0)
        if question := self.take("?"):
            if_true = self.conditional()
            self.expect(":", question)
            if_false = self.conditional()
            condition = Conditional(condition.start, if_false.end, condition, if_true, if_false)
        self.depth -= 1
        return condition

    def operation(self, loosest: int) -> Syntax:
        """Read operators of level `loosest` and tighter: `a + b + c` leans left, `a < b < c` is one comparison."""
        left = self.unary()
        while (level := self.level) >= loosest:
            if level in _CHAINED:
                operands, used = [left], []
                while token := self.take(*_LEVELS[level]):
                    used.append(token.text)
                    operands.append(self.operation(level + 1))
                left = Comparison(left.start, operands[-1].end, tuple(used), tuple(operands))
            else:
                operator = self.token
                self.position += 1
                right = self.operation(level + 1)
                left = Binary(left.start, right.end, operator.text, left, right)
        return left

    @property
    def level(self) -> int:
        """How tightly the operator at hand binds; -1 where there is none."""
        token = self.tokens[self.position]
        return _LEVEL.get(token.text, -1) if token.kind in ("operator", "name") else -1

    def unary(self) -> Syntax:
        signs: list[Token] = []
        while token := self.take("-", "+", "not"):
            signs.append(token)
        operand = self.postfix()
        for token in reversed(signs):
            operand = Unary(token.start, operand.end, token.text, operand)
        return operand

    def postfix(self) -> Syntax:
        base = self.atom()
        while opened := self.take("[", "(", "."):
            if opened.text == "[":
                bars = self.conditional()
                closed = self.expect("]", opened)
                base = History(base.start, closed.end, base, bars)
            elif opened.text == "(":
                arguments = self.arguments(opened)
                base = Call(base.start, self.tokens[self.position - 1].end, base, arguments)
            else:
                name = self.token
                if name.kind != "name":
                    raise ExpressionSyntaxError(name.start, name.end, "a name is expected after the dot")
                self.position += 1
                base = Attribute(base.start, name.end, base, name.text)
        return base

    def arguments(self, opened: Token) -> tuple[Argument, ...]:
        found: list[Argument] = []
        while not self.take(")"):
            if found:
                self.expect(",", opened, instead=")")
            elif self.token.kind == "end":
                self.expect(")", opened)
            found.append(self.argument())
        return tuple(found)

    def argument(self) -> Argument:
        first = self.token
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        if first.kind == "name" and following.text == "=":
            self.position += 2
            value = self.conditional()
            return Argument(first.start, value.end, first.text, value)
        value = self.conditional()
        return Argument(value.start, value.end, None, value)

    def atom(self) -> Syntax:
        token = self.token
        if token.kind == "end":
            raise ExpressionSyntaxError(max(0, token.start - 1), token.end, "the expression ends too early")
        self.position += 1
        if token.kind == "number":
            value = float(token.text)
            if math.isinf(value):
                raise ExpressionSyntaxError(token.start, token.end, "this number is too large")
            return Number(token.start, token.end, value)
        if token.kind == "text":
            return Text(token.start, token.end, token.text[1:-1])
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            return Name(token.start, token.end, token.text)
        if token.text == "(":
            inner = self.conditional()
            self.expect(")", token)
            return inner
        raise ExpressionSyntaxError(token.start, token.end, f"'{token.text}' is not expected here", _hint(token))
