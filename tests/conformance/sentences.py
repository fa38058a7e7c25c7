"""The platform's page as a list of sentences, and which test holds which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

_LINK = re.compile(r"\[(<u>)?(.*?)(</u>)?\]\(.*?\)")
_MARKS = re.compile(r"</?u>|<br></br>|\*+|`+|\b_|_\b|[\u26a0\ufe0f\U0001f525]")
_ENDS = re.compile(r"(?<=\.)(?<!E\.g\.)\s+(?=[A-Z])|<br></br>\s*|\s*\u26a0\ufe0f\s*")
_SCRIPT = re.compile(r"```\n(.*?)\n```", re.DOTALL)
Test = TypeVar("Test", bound=Callable[..., None])

HELD: dict[str, list[str]] = {}
"""Tests by the sentence that they hold."""


def says(*sentences: str) -> Callable[[Test], Test]:
    """Mark a test as the one of these sentences."""

    def mark(test: Test) -> Test:
        for sentence in sentences:
            HELD.setdefault(sentence, []).append(test.__name__)
        return test

    return mark


def sentences_of(page: Path) -> list[str]:
    """Give all of them, without marks; of a row "NAME: TYPE, Mandatory YES" and "NAME: sentence"."""
    text = page.read_text(encoding="utf-8").encode("mac_roman").decode("utf-8")  # as which it was read when it was kept
    found = [_plain(line) for script in _SCRIPT.findall(text) for line in script.splitlines()]
    for paragraph in re.split(r"\n\s*\n", _SCRIPT.sub("", text)):
        if paragraph.lstrip().startswith("|"):
            found += [sentence for row in paragraph.strip().splitlines() for sentence in _of_row(row)]
        elif not paragraph.startswith(("import ", "<")):
            found += _of_prose(paragraph)
    return list(dict.fromkeys(filter(None, found)))


def _of_row(row: str) -> Iterator[str]:
    name, kind, mandatory, *rest = (cell.strip() for cell in row.strip("| ").split("|"))
    if name != "Name" and set(name) != {"-"}:
        yield f"{name}: {kind}, Mandatory {mandatory}"
        yield from (f"{name}: {sentence}" for sentence in _of_prose(" ".join(rest)))


def _of_prose(text: str) -> list[str]:
    return [plain for sentence in _ENDS.split(_LINK.sub(r"\2", text)) if (plain := _plain(sentence))]


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).replace("USD\u24c8", "USD").split()).lstrip("#- ")
