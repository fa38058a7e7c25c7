"""Every error the engine raises on purpose. Each says where, what is wrong, and what to do next.

SignalEngineError                     exit code 1 unless said otherwise
├── InvalidInputError                 what the user gave cannot be used
│   ├── InvalidDocumentError          a rule file, config or run definition: all its problems at once
│   ├── InvalidExpressionError        an expression given by itself, with its problems
│   ├── InvalidCandlesError           candles that are not whole: row, column, value
│   └── InvalidMessageError           a webhook message that must not be sent: field by field
├── RefusedError                      refused for safety (exit code 3)
├── MarketDataError                   candles could not be had
│   └── MarketDataUnavailableError    ... now; asking again may help
└── StoreError                        the state on disk cannot be used (exit code 3)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a text: its place (line and column count from 1), what is wrong, what was probably meant."""

    place: str
    line: int
    column: int
    length: int
    message: str
    hint: str = ""
    source_line: str = ""

    def __str__(self) -> str:
        """Give the three lines a person reads: place and message, the line itself, a caret with the hint."""
        head = f"{self.place}:{self.line}:{self.column}: {self.message}"
        if not self.source_line:
            return f"{head} ({self.hint})" if self.hint else head
        lead = self.source_line[: self.column - 1]
        indent = "".join("\t" if c == "\t" else " " for c in lead)
        room = max(1, len(self.source_line) - len(lead))
        caret = "^" * max(1, min(self.length, room))
        return f"{head}\n    {self.source_line}\n    {indent}{caret} {self.hint}".rstrip()


class SignalEngineError(Exception):
    """The root of the tree; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class InvalidInputError(SignalEngineError):
    """Something that the user gave cannot be used."""


class InvalidDocumentError(InvalidInputError):
    """A document with mistakes; `problems` holds all of them, in the order of the text, one for each place."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep the problems beside the text that shows them."""
        places = {(p.place, p.line, p.column): p for p in reversed(problems)}
        self.problems = sorted(places.values(), key=lambda p: (p.line, p.column))
        super().__init__("\n".join(str(p) for p in self.problems))


class InvalidExpressionError(InvalidDocumentError):
    """An expression that was given by itself, not in a file."""


class InvalidCandlesError(InvalidInputError):
    """Candles that are not whole."""


class InvalidMessageError(InvalidInputError):
    """A webhook message that must not be sent; `faults` maps each field to what is wrong with it."""

    def __init__(self, faults: dict[str, str]) -> None:
        """Keep the faults beside the text that shows them."""
        self.faults = faults
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in faults.items()))


class RefusedError(SignalEngineError):
    """Refused for safety."""

    exit_code: ClassVar[int] = 3


class MarketDataError(SignalEngineError):
    """Candles could not be had, and asking again will not help."""


class MarketDataUnavailableError(MarketDataError):
    """Candles could not be had now; asking again may help."""


class StoreError(SignalEngineError):
    """The state on disk cannot be used."""

    exit_code: ClassVar[int] = 3
