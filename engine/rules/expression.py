"""An expression at its place in a document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from engine.documents import Scalar, Source, Span
from engine.errors import Problem
from engine.rules.parser import parse_expression
from engine.rules.syntax import Syntax
from engine.rules.tokens import ExpressionSyntaxError


@dataclass(frozen=True)
class Expression:
    """A scalar of a document, read as an expression."""

    source: Source
    scalar: Scalar
    syntax: Syntax

    @classmethod
    def read(cls, source: Source, scalar: Scalar) -> Expression | Problem:
        """Parse the scalar's text; give the problem instead where it cannot be parsed."""
        try:
            return cls(source, scalar, parse_expression(scalar.text))
        except ExpressionSyntaxError as error:
            unread = cls(source, scalar, Syntax(0, 0))
            return unread.problem(Syntax(error.start, error.end), error.message, error.hint)

    def problem(self, at: Syntax, message: str, hint: str = "") -> Problem:
        """Say what is wrong with a part of the expression, at its place in the document."""
        return self.source.problem(self._span(at.start, at.end), message, hint)

    def _span(self, start: int, end: int) -> Span:
        at = self._offsets[min(start, len(self._offsets) - 1)] if self._offsets else self.scalar.start
        text = self.source.text
        line_start = text.rfind("\n", 0, at) + 1
        return Span(text.count("\n", 0, at) + 1, at - line_start + 1, max(1, end - start))

    @cached_property
    def _offsets(self) -> list[int]:
        """For each character of the expression, its offset in the document; quotes, folds, escapes are skipped."""
        raw = self.source.text
        found: list[int] = []
        position = self.scalar.start
        for character in self.scalar.text:
            if character.isspace():
                hit = next((i for i in range(position, self.scalar.end) if raw[i].isspace()), position)
            else:
                hit = raw.find(character, position, self.scalar.end)
            if hit < 0:
                hit = position
            found.append(hit)
            position = min(hit + 1, self.scalar.end)
        return found
