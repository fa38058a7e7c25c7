"""The page's rows fixed, percent, limit, profit and loss, over HTTP: what each does to an account."""

from __future__ import annotations

import pytest

from tests.conformance.seen import held, refused, sends
from tests.conformance.sentences import says
from tests.paper.messages import futures, spot
from tests.paper.platform import Platform


@says(
    "fixed: Amount to place an order with.",
)
def test_fixed_amount_to_place_an_order_with(page: Platform) -> None:
    """fixed: Amount to place an order with."""
    sends(page, futures(fixed="0.5"))
    page.still(100)
    assert held(page) == [(1, "0.5")]


@says(
    "fixed: fixed will take precedence over percent if both are present.",
    "percent: fixed will take precedence if both are present.",
)
def test_fixed_will_take_precedence_over_percent_if_both_are_present(page: Platform) -> None:
    """`fixed` will take precedence over percent if both are present."""
    sends(page, futures(fixed="0.5", percent="90"))
    page.still(100)
    assert held(page) == [(1, "0.5")]


@says(
    'percent: E.g. "90" will be 90% of the base asset.',
)
def test_percent_90_will_be_90_percent(page: Platform) -> None:
    """percent: E.g. "90" will be 90% of the base asset: of what there is to buy with, and of what there is to close."""
    sends(page, spot("buy", percent="90"))
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "90")]
    sends(page, spot("sell", percent="90"))
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "9")]


@says(
    "percent: Percentage of the available base asset to place an order with.",
)
def test_percentage_of_the_available(page: Platform) -> None:
    """Percentage of the available: the second half is a half of what the first has left."""
    for _ in range(2):
        sends(page, spot("buy", percent="50"))
        page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "75")]


def test_neither_fixed_nor_percent_is_everything(page: Platform) -> None:
    """An order with neither `fixed` nor `percent` uses 100 % of the balance."""
    sends(page, spot("buy"))
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "100")]


@says(
    "limit: LIMIT price of the order.",
)
def test_limit_price_of_the_order(page: Platform) -> None:
    """limit: LIMIT price of the order: it waits for it, and fills at it or better."""
    sends(page, futures(fixed="1", limit="95"))
    page.candle(100, 101, 96, 97)
    assert held(page) == []
    page.candle(97, 98, 94, 96)
    assert [row["price"] for row in page.read("fills")] == ["95"]
    sends(page, futures(fixed="1", limit="95"))
    page.candle(93, 94, 92, 94)
    assert [row["price"] for row in page.read("fills")] == ["95", "93"]


@says(
    "limit: If it is not sent, will place an order by MARKET price by default",
)
def test_if_it_is_not_sent_will_place_an_order_by_market_price(page: Platform) -> None:
    """limit: If it is not sent, will place an order by MARKET price by default: at the next price that there is."""
    sends(page, futures(fixed="1"))
    page.candle(103, 110, 100, 105)
    assert [row["price"] for row in page.read("fills")] == ["103"]


@says(
    "profit: Price for the take profit order",
    "loss: Price for the stop loss order",
)
@pytest.mark.parametrize(
    ("action", "profit", "loss", "move", "price"),
    [
        ("openLong", "110", "95", (101, 111, 100, 105), "110"),
        ("openLong", "110", "95", (101, 102, 94, 96), "95"),
        ("openShort", "90", "105", (99, 100, 89, 95), "90"),
        ("openShort", "90", "105", (99, 106, 98, 100), "105"),
    ],
)
def test_price_for_the_take_profit_order_and_for_the_stop_loss_order(
    page: Platform, action: str, profit: str, loss: str, move: tuple[int, int, int, int], price: str
) -> None:
    """profit, loss: Price for the take profit order, for the stop loss order; one that fills cancels the other."""
    sends(page, futures(action, fixed="1", profit=profit, loss=loss))
    page.still(100)
    assert [row["kind"] for row in page.read("orders")] == ["market", "take-profit", "stop-loss"]
    page.candle(*move)
    assert held(page) == []
    assert page.read("fills")[-1]["price"] == price
    assert sorted(row["status"] for row in page.read("orders")) == ["cancelled", "filled", "filled"]


@says(
    "profit: Only for USD-M Futures actions",
    "loss: Only for USD-M Futures actions",
)
@pytest.mark.parametrize("field", ["profit", "loss"])
def test_only_for_usd_m_futures_actions(page: Platform, field: str) -> None:
    """profit, loss: Only for USD-M Futures actions."""
    assert refused(page, spot("buy", **{field: "110"})) == {field}
