"""The text of `log`, with values in it: "RSI was {ta.rsi(close, 14)}". `{{` and `}}` are braces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text: as it is sent; or the expression between braces, `start` to `end`."""

    text: str
    start: int
    end: int
    expression: bool = False

    @property
    def stray(self) -> bool:
        """Whether it is a brace without its other half."""
        return self.end - self.start == 1 and self.text in "{}"


def pieces_of(text: str) -> Iterator[Piece]:
    """Take the text apart."""
    for match in _PIECE.finditer(text):
        piece, start, end = match.group(), match.start(), match.end()
        if piece in ("{{", "}}"):
            yield Piece(piece[0], start, end)
        elif piece.startswith("{") and len(piece) > 1:
            yield Piece(piece[1:-1], start + 1, end - 1, expression=True)
        else:
            yield Piece(piece, start, end)


def segments(text: str) -> tuple[str | int, ...]:
    """Give the text as it is sent, with the number of each expression at its place."""
    found: list[str | int] = []
    count = 0
    for piece in pieces_of(text):
        if piece.expression:
            found.append(count)
            count += 1
        elif found and isinstance(last := found[-1], str):
            found[-1] = last + piece.text
        else:
            found.append(piece.text)
    return tuple(found)
