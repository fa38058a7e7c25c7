"""The page's rows connectorName, connectorToken and action, and the types of all, over HTTP."""

from __future__ import annotations

import pytest

from tests.conformance.seen import cash, held, refused, sends
from tests.conformance.sentences import says
from tests.paper.messages import futures, spot
from tests.paper.platform import Platform


@says(
    "connectorName: STRING, Mandatory YES",
    "connectorToken: STRING, Mandatory YES",
    "action: STRING, Mandatory YES",
)
@pytest.mark.parametrize("field", ["connectorName", "connectorToken", "action"])
def test_mandatory_yes(page: Platform, field: str) -> None:
    """connectorName, connectorToken, action: Mandatory YES."""
    assert refused(page, {k: v for k, v in futures().items() if k != field}) == {field}


@says(
    "fixed: STRING, Mandatory NO",
    "percent: STRING, Mandatory NO",
    "limit: STRING, Mandatory NO",
    "profit: STRING, Mandatory NO",
    "loss: STRING, Mandatory NO",
    "log: STRING, Mandatory NO",
    "clientOrderId: STRING, Mandatory NO",
)
@pytest.mark.parametrize("field", ["fixed", "percent", "limit", "profit", "loss", "log", "clientOrderId"])
def test_type_string_mandatory_no(page: Platform, field: str) -> None:
    """Type STRING: a number in its place is refused by the field's name; Mandatory NO: it may be left away."""
    values = {
        "fixed": "1",
        "percent": "50",
        "limit": "95",
        "profit": "110",
        "loss": "90",
        "log": "x",
        "clientOrderId": "a",
    }
    assert refused(page, {**futures(**values), field: 1}) == {field}
    assert refused(page, {**futures(**values), field: None}) == {field}
    sends(page, futures(**values))
    sends(page, futures(**{name: value for name, value in values.items() if name != field}))


@says("delaySeconds: NUMBER, Mandatory NO", "delaySecondsFilter: STRING, Mandatory NO")
def test_delay_seconds_type_number_mandatory_no(page: Platform) -> None:
    """delaySeconds: Type NUMBER, the one that is; delaySecondsFilter: Type STRING."""
    for seconds in ("5", True, None, -1):
        assert refused(page, futures(delaySeconds=seconds)) == {"delaySeconds"}
    assert refused(page, futures(delaySeconds=5, delaySecondsFilter=1)) == {"delaySecondsFilter"}
    for fields in ({}, {"delaySeconds": 5}, {"delaySeconds": 0.5, "delaySecondsFilter": "x"}):
        sends(page, futures(**fields))


@says(
    "action: For USD-M Futures, used with openLong, closeLong, openShort, or closeShort.",
)
@pytest.mark.parametrize(("opens", "closes", "side"), [("openLong", "closeLong", 1), ("openShort", "closeShort", -1)])
def test_for_usd_m_futures_used_with_open_long_close_long_open_short_or_close_short(
    page: Platform, opens: str, closes: str, side: int
) -> None:
    """For USD-M Futures, used with openLong, closeLong, openShort, or closeShort."""
    sends(page, futures(opens, fixed="2"))
    page.still(100)
    assert held(page) == [(side, "2")]
    sends(page, futures(closes, percent="100"))
    page.still(110)
    assert held(page) == []
    assert cash(page) == str(10_000 + side * 20)
    assert refused(page, futures("buy")) == {"action"}


@says(
    "action: For SPOT, used with buy or sell.",
)
def test_for_spot_used_with_buy_or_sell(page: Platform) -> None:
    """For SPOT, used with buy or sell."""
    sends(page, spot("buy", fixed="2"))
    page.still(100, "eth-spot")
    assert (held(page, "eth-spot"), cash(page, "eth-spot")) == ([(1, "2")], "9800")
    sends(page, spot("sell", fixed="1"))
    page.still(110, "eth-spot")
    assert (held(page, "eth-spot"), cash(page, "eth-spot")) == ([(1, "1")], "9910")
    assert refused(page, spot("openLong")) == {"action"}


@says(
    "action: For both, cancel action will cancel by client order ID (clientOrderId will be a required field)",
)
def test_cancel_action_will_cancel_by_client_order_id(page: Platform) -> None:
    """For both, cancel action will cancel by client order ID (clientOrderId will be a required field)."""
    for ident in ("a", "b"):
        sends(page, futures(fixed="1", limit="90", clientOrderId=ident))
    sends(page, futures("cancel", clientOrderId="a"))
    assert [row["status"] for row in page.read("orders")] == ["cancelled", "open"]
    page.still(90)
    assert [row["status"] for row in page.read("orders")] == ["cancelled", "filled"]
    sends(page, spot(fixed="1", limit="90", clientOrderId="a"))
    sends(page, spot("cancel", clientOrderId="a"))
    assert [row["status"] for row in page.read("orders", "eth-spot")] == ["cancelled"]
    for cancel in (futures("cancel"), spot("cancel")):
        assert refused(page, cancel) == {"clientOrderId"}


@says(
    "action: For both, cancellAll will cancel all orders.",
)
@pytest.mark.parametrize("spelling", ["cancellAll", "cancelAll", "cancel_all"])
def test_cancell_all_will_cancel_all_orders(page: Platform, spelling: str) -> None:
    """For both, cancellAll will cancel all orders; the templates' spellings too."""
    for ident in ("a", "b"):
        sends(page, futures(fixed="1", limit="90", clientOrderId=ident))
    sends(page, futures(spelling))
    assert {row["status"] for row in page.read("orders")} == {"cancelled"}
    sends(page, spot(fixed="1", limit="90"))
    sends(page, spot(spelling))
    assert {row["status"] for row in page.read("orders", "eth-spot")} == {"cancelled"}
