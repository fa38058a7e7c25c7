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
    def read(cls, source: Source, scalar: Scalar, part: tuple[int, int] | None = None) -> Expression | Problem:
        """Parse the scalar's text, or the `part` from one character to another; give the problem where that fails."""
        try:
            return cls(source, scalar, parse_expression(scalar.text if part is None else _cut(scalar.text, *part)))
        except ExpressionSyntaxError as error:
            unread = cls(source, scalar, Syntax(0, 0))
            hint = _cut_by_yaml(source, scalar) or error.hint
            return unread.problem(Syntax(error.start, error.end), error.message, hint)

    def problem(self, at: Syntax, message: str, hint: str = "") -> Problem:
        """Say what is wrong with a part of the expression, at its place in the document."""
        return self.source.problem(self._span(at.start, at.end), message, hint)

    def _span(self, start: int, end: int) -> Span:
        if not self._offsets:
            return self.scalar.span
        last = len(self._offsets) - 1
        at, until = self._offsets[min(start, last)], self._offsets[min(max(start, end - 1), last)]
        return self.source.span(at, until - at + 1)

    @cached_property
    def _offsets(self) -> list[int]:
        """For each character of the expression, its offset in the document; quotes, folds, escapes are skipped."""
        raw = self.source.text
        found: list[int] = []
        position = self._start
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

    @property
    def _start(self) -> int:
        """Where the content begins: after a quote, or after the line of a '>' or '|'."""
        if self.scalar.style in ("|", ">"):
            return self.source.text.find("\n", self.scalar.start, self.scalar.end) + 1 or self.scalar.start
        return self.scalar.start + (1 if self.scalar.style else 0)


def _cut(text: str, start: int, end: int) -> str:
    """Give a part of a text with blanks before it, so that places in it stay what they are."""
    return " " * start + text[start:end]


def _cut_by_yaml(source: Source, scalar: Scalar) -> str:
    """Say what to do where a plain text ends at a mark of YAML's, in the middle of what was meant as an expression."""
    rest = source.text[scalar.end : scalar.end + 100].lstrip(" ")
    if scalar.style or not scalar.text:
        return ""
    if rest.startswith("#"):
        return "YAML takes the rest after '#' for a comment; quote the whole expression"
    if rest[:1] in (",", "]", "}") and any(scalar.text.count(a) > scalar.text.count(b) for a, b in ("()", "[]")):
        return f"inside {{ }} and [ ] YAML ends a text at '{rest[0]}'; quote the whole expression"
    return ""
