"""Fields of a rule file that do not go together. Found in the document itself, so that all is told at once."""

from __future__ import annotations

from collections.abc import Iterator

from engine.documents import Mapping, Node, Scalar, Sequence, Source
from engine.documents.nodes import Path, child, place_of
from engine.errors import Problem
from engine.market import Timeframe
from engine.rules.log_text import segments
from engine.rules.model import MOST_ENTRIES
from engine.rules.places import LEVELS, of_side, rungs, sides_of, word

MOST_EXITS = 64
_WAITING = ("price", "expire_bars", "cancel", "oco")
_FIELDS = ("take_profit", "stop_loss", "trailing", "break_even", "max_bars")
_FILTER_HINT = "the platform delays only what has these letters in its log"
_PRICE_HINT = {"limit": "such as price: close - ta.atr(14)", "stop": "such as price: ta.highest(high, 20)"}
_SIZE_HINT = "such as size: {percent: 25}"

Fault = tuple[Path, str, str]
"""Where, what is wrong, what to do."""


def contradictions(root: Mapping, source: Source) -> list[Problem]:
    """Give all that contradicts something else, each at its key. What a field by itself takes, the model says."""
    sides = sides_of(root)
    faults = [*_unused(root, sides), *_watch(root), *_delay(root)]
    for side in sides:
        faults += [*_order(root, side, sides), *_size(root, side), *_exits(root, side)]
    return [source.problem(place_of(root, path, key=True), message, hint) for path, message, hint in faults]


def _unused(root: Mapping, sides: tuple[str, ...]) -> Iterator[Fault]:
    """Find what stands at the top for both sides, and at each side too."""
    order = root.get("order")
    paths: list[tuple[str, ...]] = [(field,) for field in _FIELDS if root.get(field) is not None]
    paths += [("order", key) for key in order.entries] if isinstance(order, Mapping) else []
    for path in paths:
        if sides and all(root.get(side, *path) is not None for side in sides):
            whose = f"'{sides[0]}' has one of its own" if len(sides) == 1 else "both sides have one of their own"
            yield path, f"this '{path[-1]}' is never used: {whose}", "remove one of them"


def _order(root: Mapping, side: str, sides: tuple[str, ...]) -> Iterator[Fault]:
    if any(isinstance(order, (Scalar, Sequence)) for order in (root.get("order"), root.get(side, "order"))):
        return
    stands = of_side(root, side, "order", "type")
    kind = word(stands[1]) if stands else "market"
    if kind not in ("market", "limit", "stop"):
        return
    given = {key: place for key in _WAITING if (place := of_side(root, side, "order", key))}
    if kind == "market":
        for key, (path, _) in given.items():
            yield (
                path,
                f"'{key}' is for orders that wait, and a market order fills at once",
                "set type: limit, or type: stop",
            )
    elif "price" not in given:
        path = stands[0] if stands else ("order",)
        yield path, f"a {kind} order needs a 'price'", _PRICE_HINT[str(kind)]
    if "oco" in given and word(given["oco"][1]) is True and len(sides) == 1:
        yield given["oco"][0], f"'oco' is for two orders that cancel each other, and there is only '{side}'", ""


def _size(root: Mapping, side: str) -> Iterator[Fault]:
    orders = {path: root.get(*path) for path in ((side, "order"), ("order",))}
    there = {path: order for path, order in orders.items() if order is not None}
    size = of_side(root, side, "order", "size")
    if not there:
        yield (), "'order' is missing", "such as order: {size: {percent: 25}}"
    elif size is None and all(isinstance(order, Mapping) for order in there.values()):
        yield next(reversed(there)), "'size' is missing", _SIZE_HINT
    if size is None or not isinstance(size[1], Mapping) or "risk_percent" not in size[1].entries:
        return
    stops = rungs(of_side(root, side, "stop_loss"))
    if not stops:
        told = "'risk_percent' sizes an order by how far its stop_loss is away, and there is none"
        yield (*size[0], "risk_percent"), told, "add a stop_loss"
    elif all(word(child(stop, "every_bar")) is True for _, stop in stops):
        told = "'risk_percent' needs a stop_loss that is known at the signal, and with every_bar it is set later"
        yield (*size[0], "risk_percent"), told, "take every_bar out of one, or size otherwise"


def _exits(root: Mapping, side: str) -> Iterator[Fault]:
    entries = word(root.get("pyramiding"), 1)
    places = [place for what in LEVELS for place in rungs(of_side(root, side, what))]
    places += [place for what in ("trailing", "break_even") if (place := of_side(root, side, what))]
    if isinstance(entries, int) and 1 < entries <= MOST_ENTRIES and (count := len(places) * entries) > MOST_EXITS:
        told = (
            f"{len(places)} exits for each of up to {entries} entries are {count}; there may be {MOST_EXITS} at a time"
        )
        yield ("pyramiding",), told, ""


def _watch(root: Mapping) -> Iterator[Fault]:
    own, watch = _timeframe(root.get("timeframe")), _timeframe(root.get("watch"))
    if own is None or watch is None:
        return
    if watch.longest_ms >= own.length_ms:
        yield (
            ("watch",),
            f"{watch} candles are not finer than the rule's own, {own}",
            "leave it out, or take finer ones",
        )
    elif not own.consists_of(watch):
        yield ("watch",), f"{own} candles do not consist of whole {watch} candles", "take one that divides them"


def _timeframe(node: Node | None) -> Timeframe | None:
    try:
        return Timeframe.parse(str(word(node)))
    except ValueError:
        return None


def _delay(root: Mapping) -> Iterator[Fault]:
    """Find a filter of delays that takes hold of other messages than its author can have meant."""
    stands, text = word(root.get("delay_filter")), word(root.get("log"))
    if not isinstance(stands, str) or not stands:
        return
    at: Path = ("delay_filter",)
    if root.get("delay_seconds") is None:
        yield at, "'delay_filter' needs 'delay_seconds' beside it: how long what it finds is delayed", ""
    if text is None and isinstance(name := word(root.get("name")), str) and stands in name:
        yield at, f"every log begins with the name, '{name}', and so contains this: all would be delayed", _FILTER_HINT
    if not isinstance(text, str):
        return
    pieces = segments(text)
    if not any(isinstance(piece, str) and stands in piece for piece in pieces):
        digits = any(isinstance(piece, int) for piece in pieces) and any(letter.isdigit() for letter in stands)
        told = "a number in the log may contain this by accident" if digits else "no log contains this: none is delayed"
        yield at, told, _FILTER_HINT
