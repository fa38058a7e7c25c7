"""The page's rows log, clientOrderId, delaySeconds and delaySecondsFilter, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.seen import became, held, sends
from tests.conformance.sentences import says
from tests.paper.messages import futures
from tests.paper.platform import Platform


@says(
    "log: Message to print in the log",
)
def test_log_message_to_print_in_the_log(page: Platform) -> None:
    """log: Message to print in the log."""
    sends(page, futures(fixed="1", log="crossed ☀"))
    assert page.last()["fields"]["log"] == "crossed ☀"


@says(
    "clientOrderId: Client Order Id to place or cancel orders.",
)
def test_client_order_id_to_place_orders(page: Platform) -> None:
    """clientOrderId: Client Order Id to place orders; a repeat of an id places nothing more."""
    for _ in range(2):
        sends(page, futures(fixed="1", clientOrderId="mine"))
    page.still(100)
    assert [row["client_order_id"] for row in page.read("orders")] == ["mine"]
    assert held(page) == [(1, "1")]
    assert page.last()["verdict"] == "duplicate"


@says("clientOrderId: cancel will cancel by this clientOrderId.")
def test_cancel_will_cancel_by_this_client_order_id(page: Platform) -> None:
    """Of two that wait the one of this id is cancelled; an id that waits nowhere cancels nothing, and is `ok`."""
    for ident in ("a", "b"):
        sends(page, futures(fixed="1", limit="90", clientOrderId=ident))
    sends(page, futures("cancel", clientOrderId="b"))
    assert became(page) == "cancelled order 2"
    sends(page, futures("cancel", clientOrderId="c"))
    assert became(page).startswith("nothing to cancel")
    assert [row["status"] for row in page.read("orders")] == ["open", "cancelled"]


@says(
    "delaySeconds: Delay this order by seconds",
    "delaySecondsFilter: Only delay this order by seconds if the log contain this filter word",
)
@pytest.mark.parametrize(
    ("fields", "delayed"),
    [
        ({"delaySeconds": 90}, True),
        ({"delaySeconds": 90, "delaySecondsFilter": "slow", "log": "a slow one"}, True),
        ({"delaySeconds": 90, "delaySecondsFilter": "slow", "log": "a fast one"}, False),
        ({"delaySeconds": 90, "delaySecondsFilter": "slow"}, False),
    ],
)
def test_delay_this_order_by_seconds_only_if_the_log_contain_this_filter_word(
    page: Platform, fields: dict[str, Any], *, delayed: bool
) -> None:
    """delaySeconds: Delay this order by seconds; delaySecondsFilter: only if the `log` contain this filter word."""
    sends(page, futures(fixed="1", **fields))
    for price in (101, 102, 103):
        page.still(price)
    assert [row["price"] for row in page.read("fills")] == ["103" if delayed else "101"]
