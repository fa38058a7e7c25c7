"""Tokens to a syntax tree, with the precedence of Pine's operators.

Loosest first: `?:`, `or`, `and`, `== !=`, `< <= > >=`, `+ -`, `* / %`, unary `- + not`, then `[n]`, calls and
attributes. Comparisons of one level may be chained.
"""

from __future__ import annotations

from collections.abc import Callable

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

MAX_DEPTH = 60


def parse_expression(text: str) -> Syntax:
    """Read a whole expression. Errors: ExpressionSyntaxError."""
    parser = _Parser(tokenize(text))
    tree = parser.conditional()
    token = parser.token
    if token.kind != "end":
        hint = "write '==' to compare" if token.text == "=" else ""
        if token.kind in ("name", "number", "text"):
            hint = "an operator is missing before it"
        raise ExpressionSyntaxError(token.start, token.end, f"'{token.text}' is not expected here", hint)
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> Token | None:
        token = self.token
        if token.kind in ("operator", "name") and token.text in texts:
            self.position += 1
            return token
        return None

    def expect(self, text: str, opened: Token) -> Token:
        if token := self.take(text):
            return token
        token = self.token
        if token.kind == "end":
            raise ExpressionSyntaxError(
                opened.start, opened.end, f"'{opened.text}' is never closed; '{text}' is missing"
            )
        raise ExpressionSyntaxError(token.start, token.end, f"expected '{text}' here, found '{token.text}'")

    def conditional(self) -> Syntax:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionSyntaxError(self.token.start, self.token.end, "nested too deeply", "use names in 'define'")
        condition = self.either()
        if question := self.take("?"):
            if_true = self.conditional()
            self.expect(":", question)
            if_false = self.conditional()
            condition = Conditional(condition.start, if_false.end, condition, if_true, if_false)
        self.depth -= 1
        return condition

    def either(self) -> Syntax:
        return self.left_to_right(self.both, "or")

    def both(self) -> Syntax:
        return self.left_to_right(self.equality, "and")

    def equality(self) -> Syntax:
        return self.chain(self.order, "==", "!=")

    def order(self) -> Syntax:
        return self.chain(self.sum, "<=", ">=", "<", ">")

    def sum(self) -> Syntax:
        return self.left_to_right(self.product, "+", "-")

    def product(self) -> Syntax:
        return self.left_to_right(self.unary, "*", "/", "%")

    def left_to_right(self, operand: Callable[[], Syntax], *operators: str) -> Syntax:
        left = operand()
        while token := self.take(*operators):
            right = operand()
            left = Binary(left.start, right.end, token.text, left, right)
        return left

    def chain(self, operand: Callable[[], Syntax], *operators: str) -> Syntax:
        operands, used = [operand()], []
        while token := self.take(*operators):
            used.append(token.text)
            operands.append(operand())
        if not used:
            return operands[0]
        return Comparison(operands[0].start, operands[-1].end, tuple(used), tuple(operands))

    def unary(self) -> Syntax:
        signs: list[Token] = []
        while token := self.take("-", "+", "not"):
            signs.append(token)
        if len(signs) > MAX_DEPTH:
            raise ExpressionSyntaxError(signs[0].start, signs[-1].end, "too many signs")
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
                self.expect(",", opened)
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
        self.position += 1
        if token.kind == "number":
            return Number(token.start, token.end, float(token.text))
        if token.kind == "text":
            return Text(token.start, token.end, token.text[1:-1])
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            return Name(token.start, token.end, token.text)
        if token.text == "(":
            inner = self.conditional()
            self.expect(")", token)
            return inner
        if token.kind == "end":
            raise ExpressionSyntaxError(max(0, token.start - 1), token.end, "the expression ends too early")
        raise ExpressionSyntaxError(token.start, token.end, f"'{token.text}' is not expected here")
