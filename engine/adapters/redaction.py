"""Tokens out of everything that is written or answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SHORTEST = 6  # anything shorter is no secret, and taking it out would tear ordinary words


class Redaction:
    """Replaces known tokens wherever they stand inside a text."""

    def __init__(self, tokens: Iterable[str]) -> None:
        """Take the tokens; those of under 6 characters are left alone."""
        self._tokens = sorted({t for t in tokens if len(t) >= _SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Give the text without tokens."""
        for token in self._tokens:
            text = text.replace(token, "[token]")
        return text

    def texts(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Give the mapping without tokens, in its keys as in its values."""
        return {self.text(key): self.text(value) for key, value in texts.items()}
