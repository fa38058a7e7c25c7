"""Where the fields of a rule file stand: at a side or, for both, at the top; one level or a ladder of them."""

from __future__ import annotations

from engine.documents import Mapping, Node, Scalar, Sequence
from engine.documents.nodes import Path, child

SIDES = ("long", "short")
LEVELS = ("take_profit", "stop_loss")
KINDS = ("percent", "ticks", "distance", "price")
"""How far away a level is: percent, price steps, a distance in price; or the price itself."""
DISTANCES = ("percent", "ticks", "distance")
SIZES = ("percent", "fixed", "notional", "risk_percent")

Place = tuple[Path, Node]


def sides_of(root: Mapping) -> tuple[str, ...]:
    """Give the sides that the file has."""
    return tuple(side for side in SIDES if root.get(side) is not None)


def find(root: Node, path: Path) -> Node | None:
    """Follow keys and indexes downwards; None where one is missing."""
    node: Node | None = root
    for step in path:
        node = child(node, step) if node is not None else None
    return node


def of_side(root: Mapping, side: str, *field: str) -> Place | None:
    """Give what holds for a side: what stands there, or else at the top."""
    for path in ((side, *field), field):
        if (node := find(root, path)) is not None:
            return path, node
    return None


def rungs(place: Place | None) -> list[Place]:
    """Give the levels of a ladder, or the one level that stands there."""
    if place is None:
        return []
    path, node = place
    if isinstance(node, Sequence):
        return [((*path, i), item) for i, item in enumerate(node.items)]
    return [place]


def kind_in(place: Place, kinds: tuple[str, ...] = KINDS) -> str | None:
    """Give the one of these keys that a mapping has; None where that is not plain."""
    _, node = place
    found = [kind for kind in kinds if isinstance(node, Mapping) and kind in node.entries]
    return found[0] if len(found) == 1 else None


def word(node: Node | None, otherwise: object = None) -> object:
    """Give the value of a scalar; `otherwise` where nothing plain stands."""
    return node.value if isinstance(node, Scalar) else otherwise


def dotted(path: Path) -> str:
    """Write a path: "long.take_profit.0.percent"."""
    return ".".join(map(str, path))
