from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.files import errors_of
from tests.rules.mistakes import MISTAKES

GOLDEN = Path(__file__).with_name("mistakes.txt")


def expected() -> dict[str, str]:
    sections = GOLDEN.read_text(encoding="utf-8").split("=== ")[1:]
    return {title: text.strip("\n") for title, _, text in (section.partition("\n") for section in sections)}


@pytest.mark.parametrize("title", MISTAKES)
def test_a_mistake_is_told_in_these_very_words(title: str) -> None:
    """The error of each typical mistake is, to the letter, what tests/rules/mistakes.txt shows."""
    assert str(errors_of(MISTAKES[title])) == expected()[title]


def test_nothing_of_the_libraries_shows() -> None:
    """No message speaks of dictionaries, instances, tokens or contexts, the words of pydantic and PyYAML."""
    told = "\n".join(str(errors_of(text)) for text in MISTAKES.values())
    assert not [w for w in ("dictionary", "instance", "Input", "token", "context", "scanning", "None") if w in told]


if __name__ == "__main__":  # after a change of words: python -m tests.rules.test_mistakes; then read the difference
    written = (f"=== {title}\n{errors_of(text)}\n" for title, text in MISTAKES.items())
    GOLDEN.write_text("\n".join(written), encoding="utf-8")
