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

_SHOWN = 160  # characters of a source line
_LISTED = 50  # problems that a person is shown at a time


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
        # Of a line that no screen holds, the part around the place.
        cut = max(0, self.column - 1 - _SHOWN // 2) if len(self.source_line) > _SHOWN else 0
        line = self.source_line[cut : cut + _SHOWN]
        lead = line[: self.column - 1 - cut]
        indent = "".join("\t" if c == "\t" else " " for c in lead)
        caret = "^" * max(1, min(self.length, len(line) - len(lead)))
        return f"{head}\n    {line}\n    {indent}{caret} {self.hint}".rstrip()


class SignalEngineError(Exception):
    """The root of the tree; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class InvalidInputError(SignalEngineError):
    """Something that the user gave cannot be used."""


class InvalidDocumentError(InvalidInputError):
    """A document with mistakes; `problems` holds all of them, in the order of the text, one for each place.

    Where several are wrong at one place, the first of those given is kept: the others follow from it.
    """

    def __init__(self, problems: list[Problem]) -> None:
        """Keep the problems beside the text that shows them."""
        places = {(p.place, p.line, p.column): p for p in reversed(problems)}
        files = list(dict.fromkeys(p.place for p in problems))
        self.problems = sorted(places.values(), key=lambda p: (files.index(p.place), p.line, p.column))
        text = "\n".join(str(p) for p in self.problems[:_LISTED])
        more = len(self.problems) - _LISTED
        super().__init__(f"{text}\n... and {more} more" if more > 0 else text)


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
    """Candles could not be had now; asking again may help, after `retry_after_s` where the exchange has said so."""

    retry_after_s: float | None = None


class StoreError(SignalEngineError):
    """The state on disk cannot be used."""

    exit_code: ClassVar[int] = 3
