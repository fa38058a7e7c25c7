"""A text with a name, and places in it."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from engine.errors import InvalidInputError, Problem

MAX_BYTES = 256 * 1024
TOO_LARGE = f"the file is over {MAX_BYTES // 1024} KiB"

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML counts lines
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")
_LONGEST_MESSAGE = 300
_LONGEST_WORD = 60
_MOST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line: line and column count from 1, length in characters."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Source:
    """A document's text and the name it is reported under.

    `shown` is what problems show instead of the text: as long, line for line, with secrets masked.
    """

    name: str
    text: str
    shown: str | None = None

    def __post_init__(self) -> None:
        """Drop the mark with which some editors begin a file."""
        object.__setattr__(self, "text", self.text.removeprefix("\ufeff"))

    @cached_property
    def lines(self) -> list[str]:
        """The lines as they are shown, without their ends."""
        return _LINE_END.split(self.text if self.shown is None else self.shown)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def span(self, offset: int, length: int) -> Span:
        """Give the place of `length` characters from an offset in the text."""
        line = bisect_right(self._line_starts, offset)
        return Span(line, offset - self._line_starts[line - 1] + 1, max(1, length))

    def offset(self, span: Span) -> int:
        """Give the offset in the text at which a place begins."""
        return self._line_starts[span.line - 1] + span.column - 1

    def problem(self, span: Span, message: str, hint: str = "") -> Problem:
        """Say what is wrong at a place, with the line it stands on."""
        line = self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else ""
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[:_LONGEST_MESSAGE]}..."
        return Problem(
            self.name, span.line, span.column, span.length, _printable(message), _printable(hint), _printable(line)
        )


def read_text(path: str | Path) -> str:
    """Read a document's file. Errors: InvalidInputError where it cannot be read, is too large, or is not UTF-8."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise InvalidInputError(f"{_printable(str(path))}: is no path") from None
    if len(content) > MAX_BYTES:
        raise InvalidInputError(f"{path}: {TOO_LARGE}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        what = "is UTF-16 text" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "is not UTF-8 text"
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(f"{path}: {what} (byte {error.start}, line {line}); save it as UTF-8") from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give "did you mean 'x'?" for the nearest known word, whatever its case, or "" when none is near."""
    if len(word) > _LONGEST_WORD:
        return ""
    folded = {name.casefold(): name for name in islice(known, _MOST_WORDS)}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else ""


def _printable(text: str) -> str:
    return text if text.isprintable() else _UNPRINTABLE.sub("\ufffd", text)
