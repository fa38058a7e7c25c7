"""Documents laid over one another: mappings are merged, everything else is replaced by the nearest."""

from __future__ import annotations

from collections.abc import Sequence

from engine.documents.nodes import Mapping, Node, Path, child, place_of
from engine.documents.source import Source
from engine.errors import Problem

Layer = tuple[Mapping, Source]
"""A document and the text it was read from. Layers are given nearest first."""


def merge(layers: Sequence[Layer]) -> dict[str, object]:
    """Give what the layers come to together, as plain values."""
    merged: dict[str, object] = {}
    for root, _ in reversed(layers):
        merged = _over(merged, {name: node.plain() for name, node in root})
    return merged


def layer_of(layers: Sequence[Layer], path: Path) -> int:
    """Give the index of the layer that the value at `path` (or the deepest that exists above it) comes from."""
    current: list[tuple[int, Node]] = [(i, root) for i, (root, _) in enumerate(layers)]
    for step in path:
        below = [(i, found) for i, node in current if (found := child(node, step)) is not None]
        if not below:
            break
        # A list or a plain value hides whatever stands at its path in the layers further away.
        hiding = next((n for n, (_, node) in enumerate(below) if not isinstance(node, Mapping)), len(below))
        current = below[: max(1, hiding)]
    return current[0][0]


def problem_at(layers: Sequence[Layer], path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
    """Say what is wrong with the value (or with `key`, the name) at `path`, in the layer it comes from."""
    root, source = layers[layer_of(layers, path)]
    return source.problem(place_of(root, path, key=key), message, hint)


def _over(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
