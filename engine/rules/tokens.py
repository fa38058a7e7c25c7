"""An expression's text as tokens."""

from __future__ import annotations

import re
from typing import NamedTuple


class ExpressionSyntaxError(Exception):
    """An expression that cannot be read: offsets in its text, what is wrong, what to do."""

    def __init__(self, start: int, end: int, message: str, hint: str = "") -> None:
        """Keep the place beside the message."""
        super().__init__(message)
        self.start, self.end, self.message, self.hint = start, max(end, start + 1), message, hint


class Token(NamedTuple):
    """`kind` is number, text, name, operator, or end."""

    kind: str
    text: str
    start: int
    end: int


_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<operator><=|>=|==|!=|=>|:=|//|[-+*/%]=|[-+*=/%<>?:.,()\[\]])
      | (?P<wrong>.)""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_LETTER = re.compile("[A-Za-z_]")
_INSTEAD = {"&": "write 'and'", "|": "write 'or'", "!": "write 'not'", "^": "write math.pow(a, b)"}


def tokenize(text: str) -> list[Token]:
    """Give the tokens, the last of kind "end". Errors: ExpressionSyntaxError at what fits nowhere."""
    tokens: list[Token] = []
    for match in _PATTERN.finditer(text):
        kind, start, end = match.lastgroup or "", match.start(), match.end()
        if kind == "space":
            continue
        if kind == "wrong":
            raise _nothing_fits(text, start)
        if kind == "number" and _LETTER.match(text, end):
            raise ExpressionSyntaxError(start, end + 1, "a name cannot start with a digit")
        tokens.append(Token(kind, match.group(), start, end))
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _nothing_fits(text: str, position: int) -> ExpressionSyntaxError:
    wrong = text[position]
    if wrong in "\"'":
        return ExpressionSyntaxError(position, len(text), "this quote is never closed")
    return ExpressionSyntaxError(position, position + 1, f"'{wrong}' has no meaning here", _INSTEAD.get(wrong, ""))
