"""What a YAML document consists of: scalars, sequences and mappings, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.documents.source import Span

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null. `start` and `end` are offsets of the raw text in the document."""

    value: str | int | float | bool | None
    text: str
    span: Span
    start: int
    end: int

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


def place_of(root: Node, path: Path, *, key: bool = False) -> Span:
    """Give the place of the deepest node on `path` that exists: of a scalar itself, else (or with `key`) of its key."""
    node, span = root, root.span
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            span = node.keys[str(step)]
            node = node.entries[str(step)]
            if isinstance(node, Scalar) and not key:
                span = node.span
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            span = node.span
    return span


def depth_of(root: Node, path: Path) -> int:
    """Count how many steps of `path` exist."""
    node, depth = root, 0
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            node = node.entries[str(step)]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
        depth += 1
    return depth
