"""What a YAML document consists of: scalars, sequences and mappings, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.documents.source import Span

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null. `start` and `end` are offsets of the raw text in the document.

    `style` is how it is written: "" plain, or one of ' " | >.
    """

    value: str | int | float | bool | None
    text: str
    span: Span
    start: int
    end: int
    style: str = ""

    def plain(self) -> object:
        """Give the value itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span

    def plain(self) -> object:
        """Give a list of plain values."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping from string keys; `keys` holds the place of each key."""

    entries: dict[str, Node]
    keys: dict[str, Span]
    span: Span

    def plain(self) -> object:
        """Give a dict of plain values."""
        return {key: value.plain() for key, value in self.entries.items()}

    def get(self, *path: str) -> Node | None:
        """Follow keys downwards; None where one is missing or not a mapping."""
        node: Node = self
        for key in path:
            if not isinstance(node, Mapping) or key not in node.entries:
                return None
            node = node.entries[key]
        return node

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        """Go through the entries in the order of the text."""
        return iter(self.entries.items())


Node = Scalar | Sequence | Mapping


def child(node: Node, step: str | int) -> Node | None:
    """Give what stands under a key, or at an index of a list; None where nothing does."""
    if isinstance(node, Mapping):
        return node.entries.get(str(step))
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def place_of(root: Node, path: Path, *, key: bool = False) -> Span:
    """Give the place of the deepest node on `path` that exists: of a scalar itself, else (or with `key`) of its key."""
    node, span = root, root.span
    for step in path:
        below = child(node, step)
        if below is None:
            break
        by_key = isinstance(node, Mapping) and (key or not isinstance(below, Scalar))
        span = node.keys[str(step)] if by_key and isinstance(node, Mapping) else below.span
        node = below
    return span
