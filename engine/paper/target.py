"""A message that carries the whole position, for the platform's sync template, and the orders that lead there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.documents import did_you_mean
from engine.market import MarketKind
from engine.paper.size import PLAIN_NUMBER, SizeKind, kind_of
from engine.webhook import Action

if TYPE_CHECKING:
    from engine.paper.incoming import Incoming

FIELDS = ("position", "entryOrder", "maxWaitPositionReversalSeconds")
_POSITION = ("side", "size", "prev_side", "prev_size")
_ENTRY = ("value", "mode")
SIDES = {"long": 1, "short": -1, "flat": 0}
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_OPEN = {1: Action.OPEN_LONG, -1: Action.OPEN_SHORT}
_CLOSE = {1: Action.CLOSE_LONG, -1: Action.CLOSE_SHORT}


@dataclass(frozen=True, slots=True)
class Target:
    """The position that there should be, beside the one before it. Sides are 1, -1 and 0; sizes are the sender's."""

    side: int
    size: Decimal
    prev_side: int
    prev_size: Decimal


def moves_to(message: Incoming, target: Target, long: Decimal, short: Decimal) -> list[tuple[Action, Incoming]]:
    """Give the orders that lead from what is held to the target of `message`: closes before what opens.

    What grows is entered by `entryOrder` once more; what shrinks is closed by the same share.
    """
    order = replace(message, target=None)
    everything = replace(order, size_kind=SizeKind.PERCENT, size=_HUNDRED)
    moves = [(_CLOSE[side], everything) for side, held in ((1, long), (-1, short)) if held and side != target.side]
    if target.side == 0:
        return moves
    held = long if target.side > 0 else short
    steady = target.prev_side == target.side
    shrinks = steady and target.size < target.prev_size
    if held and shrinks:
        share = _HUNDRED * (target.prev_size - target.size) / target.prev_size
        moves.append((_CLOSE[target.side], replace(everything, size=share)))
    elif (not held and not shrinks) or (held and steady and target.size > target.prev_size):
        moves.append((_OPEN[target.side], order))
    return moves


def faults_of(document: Mapping[str, object], market: MarketKind) -> Iterator[tuple[str, str]]:
    """Give what is wrong with the fields of a position message, by their names in the JSON."""
    position = document.get("position")
    if not isinstance(position, dict):
        yield "position", f"is {kind_of(position)}; it must be an object of {', '.join(_POSITION)}"
        return
    yield from _unknown("position", position, _POSITION)
    for name in ("side", "prev_side"):
        if name not in position:
            yield f"position.{name}", "is missing"
        elif not isinstance(position[name], str) or position[name] not in SIDES:
            yield f"position.{name}", "must be long, short or flat"
        elif position[name] == "short" and market is MarketKind.SPOT:
            yield f"position.{name}", "is short, which a spot market has not"
    for name in ("size", "prev_size"):
        yield from _number(f"position.{name}", position.get(name), zero=True)
    sides = [
        SIDES[s] if isinstance(s := position.get(name), str) and s in SIDES else None for name in ("side", "prev_side")
    ]
    for side, name in zip(sides, ("size", "prev_size"), strict=True):
        size = position.get(name)
        if (
            side is not None
            and isinstance(size, str)
            and PLAIN_NUMBER.fullmatch(size)
            and bool(side) != bool(Decimal(size))
        ):
            yield f"position.{name}", f"is {size}, which contradicts its side: flat is 0, and all else is above 0"
    if "entryOrder" in document:
        yield from _entry_faults(document["entryOrder"])
    elif sides[0]:
        yield "entryOrder", "is missing; it says how much an entry is"
    wait = document.get("maxWaitPositionReversalSeconds", 0)
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= 86_400:
        yield "maxWaitPositionReversalSeconds", "must be a number of seconds from 0 to 86400"


def read_target(document: Mapping[str, object]) -> Target:
    """Read a position without faults."""
    of = document["position"]
    assert isinstance(of, dict)  # noqa: S101 - it has no faults
    return Target(SIDES[of["side"]], Decimal(of["size"]), SIDES[of["prev_side"]], Decimal(of["prev_size"]))


def read_entry(document: Mapping[str, object]) -> tuple[SizeKind, Decimal] | tuple[None, None]:
    """Read the size of an entry without faults."""
    entry = document.get("entryOrder")
    if not isinstance(entry, dict):
        return None, None
    return SizeKind(entry["mode"]), Decimal(entry["value"])


def _entry_faults(entry: object) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, dict):
        yield "entryOrder", f"is {kind_of(entry)}; it must be an object of {', '.join(_ENTRY)}"
        return
    yield from _unknown("entryOrder", entry, _ENTRY)
    mode = entry.get("mode")
    if mode not in tuple(SizeKind):
        yield "entryOrder.mode", f"must be {', '.join(SizeKind)}"
    value = entry.get("value")
    yield from _number("entryOrder.value", value, zero=False)
    percent = mode == SizeKind.PERCENT and isinstance(value, str) and PLAIN_NUMBER.fullmatch(value)
    if percent and Decimal(str(value)) > _HUNDRED:
        yield "entryOrder.value", f"is {value}; more than 100 % of what is available cannot be had"


def _unknown(name: str, given: Mapping[str, object], known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for field in given:
        if field not in known:
            yield (
                name,
                f"has an unknown '{field[:40]}'; {did_you_mean(field, known) or 'known are ' + ', '.join(known)}",
            )
            return


def _number(name: str, value: object, *, zero: bool) -> Iterator[tuple[str, str]]:
    if value is None:
        yield name, "is missing"
    elif not isinstance(value, str) or not PLAIN_NUMBER.fullmatch(value):
        yield name, f'is {kind_of(value)}; it must be a STRING with a plain decimal number, such as "0.5"'
    elif not zero and not Decimal(value):
        yield name, "is 0; it must be above 0"
