"""Configs as errors may show them: as long, line for line, with what may be a secret replaced by stars."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.documents import Mapping, Node, Sequence, Source

_WORDS = r"\w*tok\w*|\w*secret\w*|passw\w*|passphrase|api_?key\w*|\w*private\w*|credential\w*"
_SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)
_SECRET_LINE = re.compile(rf"((?:{_WORDS})[\"']?[ \t]*:[ \t]*)([^\r\n]+)", re.IGNORECASE)
_NOT_A_LINE_END = re.compile("[^\r\n\x85\u2028\u2029]")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_PUBLIC = ("name", "deduplicates", "profile")  # of a connector; whatever else stands there may be its token, misspelt


def masked_lines(text: str) -> str:
    """Mask by the look of the lines: for a text that may be no YAML."""
    return _SECRET_LINE.sub(lambda m: m[1] + (m[2] if _VARIABLE.fullmatch(m[2].strip()) else "*" * len(m[2])), text)


def masked_values(root: Mapping, source: Source) -> str:
    """Mask the values that are, or may be, secrets."""
    shown = list(source.text)
    for start, end in _secrets(root, (), source):
        shown[start:end] = _NOT_A_LINE_END.sub("*", source.text[start:end])
    return "".join(shown)


def _secrets(node: Node, path: tuple[str, ...], source: Source) -> Iterator[tuple[int, int]]:
    """Give the stretches of the text that may hold secrets: values, and keys inside of what should be one value."""
    if isinstance(node, Mapping):
        for key, below in node:
            if any(_SECRET_KEY.fullmatch(above) for above in path):
                start = source.offset(node.keys[key])
                yield start, start + node.keys[key].length
            yield from _secrets(below, (*path, key), source)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _secrets(item, path, source)
    elif _may_be_secret(path, node.text) and not _VARIABLE.fullmatch(node.text):
        yield node.start, node.end


def _may_be_secret(path: tuple[str, ...], text: str) -> bool:
    if any(_SECRET_KEY.fullmatch(key) for key in path) or path[:2] == ("exchange", "options"):
        return True
    of_connector = len(path) > 2 and path[0] == "connectors" and path[2] not in _PUBLIC
    return of_connector and (path[2] != "url" or "@" in text)
