"""Messages that carry the whole position, as the platform's documentation has them, over HTTP."""

from __future__ import annotations

import pytest

from engine.config import AccountConfig
from tests.conformance.conftest import Make
from tests.conformance.seen import held, refused, sends
from tests.paper.messages import futures
from tests.paper.platform import Platform

Moves = list[tuple[dict[str, str], list[tuple[int, str]]]]


def to(side: str, size: str, prev_side: str, prev_size: str) -> dict[str, str]:
    return {"side": side, "size": size, "prev_side": prev_side, "prev_size": prev_size}


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ({"side": "long", "size": "1", "prev_side": "flat", "prev_size": "0"}, [(1, "10")]),
        ({"side": "short", "size": "1", "prev_side": "flat", "prev_size": "0"}, [(-1, "10")]),
    ],
)
def test_position_sync(make: Make, position: dict[str, str], expected: list[tuple[int, str]]) -> None:
    """A message may instead carry the whole position, which the sync template reconciles to."""
    page = make(AccountConfig(commission_percent=0, template="sync"))
    page.still(100)
    message = {k: v for k, v in futures().items() if k != "action"}
    entry = {"value": "10", "mode": "percent"}
    sends(page, {**message, "position": position, "entryOrder": entry})
    page.still(100)
    assert held(page) == expected
    flat = {"side": "flat", "size": "0", "prev_side": position["side"], "prev_size": "1"}
    sends(page, {**message, "position": flat})
    page.still(100)
    assert held(page) == []


def test_position_is_for_the_sync_template(page: Platform) -> None:
    """A connector of the signals template takes no position."""
    message = {k: v for k, v in futures().items() if k != "action"}
    flat = {"side": "flat", "size": "0", "prev_side": "flat", "prev_size": "0"}
    assert "position" in refused(page, {**message, "position": flat})


@pytest.mark.parametrize(
    "moves",
    [
        [(to("long", "1", "flat", "0"), [(1, "10")]), (to("short", "1", "long", "1"), [(-1, "10")])],
        [(to("long", "1", "flat", "0"), [(1, "10")]), (to("long", "2", "long", "1"), [(1, "20")])],
        [(to("short", "4", "flat", "0"), [(-1, "10")]), (to("short", "1", "short", "4"), [(-1, "2.5")])],
        [(to("long", "1", "flat", "0"), [(1, "10")]), (to("long", "1", "flat", "0"), [(1, "10")])],
        [(to("long", "1", "long", "2"), [])],
        [(to("flat", "0", "long", "1"), [])],
    ],
    ids=["reversed", "grown by an entry", "shrunk by a share", "said twice", "shrunk from nothing", "flat already"],
)
def test_the_sync_template_reconciles_to_the_position(make: Make, moves: Moves) -> None:
    """What is held is led to what the message says: closed before it is opened, and nothing done twice."""
    page = make(AccountConfig(commission_percent=0, template="sync"))
    page.still(100)
    message = {k: v for k, v in futures().items() if k != "action"}
    for position, expected in moves:
        sends(page, {**message, "position": position, "entryOrder": {"value": "10", "mode": "fixed"}})
        page.still(100)
        assert held(page) == expected


@pytest.mark.parametrize(
    ("mode", "value", "expected"), [("fixed", "2", "10"), ("percent", "10", "50"), ("notional", "100", "5")]
)
def test_the_sync_template_multiplies_by_the_leverage(make: Make, mode: str, value: str, expected: str) -> None:
    """The sync template multiplies percent, fixed and notional of openLong/openShort by the leverage."""
    page = make(AccountConfig(commission_percent=0, template="sync", leverage=5))
    page.still(100)
    message = {k: v for k, v in futures().items() if k != "action"}
    entry = {"value": value, "mode": mode}
    sends(page, {**message, "position": to("long", "1", "flat", "0"), "entryOrder": entry})
    page.still(100)
    assert held(page) == [(1, expected)]
