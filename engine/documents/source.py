"""A text with a name, and places in it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from engine.errors import Problem


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line: line and column count from 1, length in characters."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Source:
    """A document's text and the name it is reported under."""

    name: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.splitlines()

    def problem(self, span: Span, message: str, hint: str = "") -> Problem:
        """Say what is wrong at a place, with the line it stands on."""
        line = self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else ""
        return Problem(self.name, span.line, span.column, span.length, message, hint, line)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give "did you mean 'x'?" for the nearest known word, or "" when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else ""
