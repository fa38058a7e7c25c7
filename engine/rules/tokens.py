"""An expression's text as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass


class ExpressionSyntaxError(Exception):
    """An expression that cannot be read: offsets in its text, what is wrong, what to do."""

    def __init__(self, start: int, end: int, message: str, hint: str = "") -> None:
        """Keep the place beside the message."""
        super().__init__(message)
        self.start, self.end, self.message, self.hint = start, max(end, start + 1), message, hint


@dataclass(frozen=True, slots=True)
class Token:
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
      | (?P<operator><=|>=|==|!=|[-+*=/%<>?:.,()\[\]])""",
    re.VERBOSE | re.ASCII,
)
_INSTEAD = {"&": "write 'and'", "|": "write 'or'", "!": "write 'not'", "^": "write math.pow(a, b)"}


def tokenize(text: str) -> list[Token]:
    """Give the tokens, the last of kind "end". Errors: ExpressionSyntaxError at what fits nowhere."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            wrong = text[position]
            if wrong in "\"'":
                raise ExpressionSyntaxError(position, len(text), "this quote is never closed")
            raise ExpressionSyntaxError(
                position, position + 1, f"'{wrong}' has no meaning here", _INSTEAD.get(wrong, "")
            )
        kind = match.lastgroup or ""
        if kind == "number" and re.match(r"[A-Za-z_]", text[match.end() : match.end() + 1]):
            raise ExpressionSyntaxError(position, match.end() + 1, "a name cannot start with a digit")
        if kind != "space":
            tokens.append(Token(kind, match.group(), position, match.end()))
        position = match.end()
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens
