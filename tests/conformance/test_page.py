"""The platform's page, sentence by sentence, over HTTP: what each field does to an account. Names are its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from engine.config import AccountConfig
from engine.paper.app import PATH
from tests.paper.messages import futures, spot
from tests.paper.platform import Platform

NO_COSTS = AccountConfig(commission_percent=0)
Make = Callable[[AccountConfig], Platform]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Platform] = []

    def start(account: AccountConfig) -> Platform:
        made.append(Platform(tmp_path, account))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def page(make: Make) -> Platform:
    """A platform whose two markets stand at 100, with 10,000 in each account."""
    platform = make(NO_COSTS)
    for connector in ("btc-perp", "eth-spot"):
        platform.candle_count = 0
        platform.still(100, connector)
    return platform


def held(platform: Platform, connector: str = "btc-perp") -> list[tuple[int, str]]:
    return [(row["side"], row["quantity"]) for row in platform.read("positions", connector)]


def cash(platform: Platform, connector: str = "btc-perp") -> str:
    (row,) = platform.read("balances", connector)
    return str(row["cash"])


def sends(platform: Platform, document: dict[str, object]) -> None:
    answer = platform.post(document)
    assert (answer.status_code, answer.text) == (200, "ok")


def refused(platform: Platform, document: dict[str, object]) -> set[str]:
    answer = platform.post(document)
    assert answer.status_code == 422
    return set(answer.json()["fields"])


def became(platform: Platform) -> str:
    return str(platform.last()["became"])


def test_post_json_message_to_trading_signal_webhook(page: Platform) -> None:
    """Post JSON message to https://api.crypto-arsenal.io/trading-signal/webhook."""
    assert PATH == "/trading-signal/webhook"
    assert requests.get(page.url + PATH, timeout=10).status_code == 405
    sends(page, futures(percent="1"))


def test_print_response_text_ok(page: Platform) -> None:
    """`print(response.text) # ok`: the page's own payload, on spot."""
    payload = spot("buy", log="Buy", percent="100")
    sends(page, payload)
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "100")]


@pytest.mark.parametrize("field", ["connectorName", "connectorToken", "action"])
def test_mandatory_yes(page: Platform, field: str) -> None:
    """connectorName, connectorToken, action: Mandatory YES."""
    assert refused(page, {k: v for k, v in futures().items() if k != field}) == {field}


@pytest.mark.parametrize("field", ["fixed", "percent", "limit", "profit", "loss", "log", "clientOrderId"])
def test_type_string(page: Platform, field: str) -> None:
    """Type STRING: a number in its place is refused by the field's name."""
    assert refused(page, {**futures(), field: 1}) == {field}


def test_delay_seconds_type_number(page: Platform) -> None:
    """delaySeconds: Type NUMBER."""
    assert refused(page, futures(delaySeconds="5")) == {"delaySeconds"}


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


def test_for_spot_used_with_buy_or_sell(page: Platform) -> None:
    """For SPOT, used with buy or sell."""
    sends(page, spot("buy", fixed="2"))
    page.still(100, "eth-spot")
    assert (held(page, "eth-spot"), cash(page, "eth-spot")) == ([(1, "2")], "9800")
    sends(page, spot("sell", fixed="1"))
    page.still(110, "eth-spot")
    assert (held(page, "eth-spot"), cash(page, "eth-spot")) == ([(1, "1")], "9910")
    assert refused(page, spot("openLong")) == {"action"}


def test_cancel_action_will_cancel_by_client_order_id(page: Platform) -> None:
    """For both, cancel action will cancel by client order ID (clientOrderId will be a required field)."""
    for ident in ("a", "b"):
        sends(page, futures(fixed="1", limit="90", clientOrderId=ident))
    sends(page, futures("cancel", clientOrderId="a"))
    assert [row["status"] for row in page.read("orders")] == ["cancelled", "open"]
    page.still(90)
    assert [row["status"] for row in page.read("orders")] == ["cancelled", "filled"]
    assert refused(page, futures("cancel")) == {"clientOrderId"}


@pytest.mark.parametrize("spelling", ["cancellAll", "cancelAll", "cancel_all"])
def test_cancell_all_will_cancel_all_orders(page: Platform, spelling: str) -> None:
    """For both, cancellAll will cancel all orders; the templates' spellings too."""
    for ident in ("a", "b"):
        sends(page, futures(fixed="1", limit="90", clientOrderId=ident))
    sends(page, futures(spelling))
    assert {row["status"] for row in page.read("orders")} == {"cancelled"}
    sends(page, spot(spelling))


def test_fixed_amount_to_place_an_order_with(page: Platform) -> None:
    """fixed: Amount to place an order with."""
    sends(page, futures(fixed="0.5"))
    page.still(100)
    assert held(page) == [(1, "0.5")]


def test_fixed_will_take_precedence_over_percent_if_both_are_present(page: Platform) -> None:
    """`fixed` will take precedence over percent if both are present."""
    sends(page, futures(fixed="0.5", percent="90"))
    page.still(100)
    assert held(page) == [(1, "0.5")]


def test_percent_90_will_be_90_percent(page: Platform) -> None:
    """percent: E.g. "90" will be 90% of the base asset: of what there is to buy with, and of what there is to close."""
    sends(page, spot("buy", percent="90"))
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "90")]
    sends(page, spot("sell", percent="90"))
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "9")]


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


def test_if_it_is_not_sent_will_place_an_order_by_market_price(page: Platform) -> None:
    """limit: If it is not sent, will place an order by MARKET price by default: at the next price that there is."""
    sends(page, futures(fixed="1"))
    page.candle(103, 110, 100, 105)
    assert [row["price"] for row in page.read("fills")] == ["103"]


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


@pytest.mark.parametrize("field", ["profit", "loss"])
def test_only_for_usd_m_futures_actions(page: Platform, field: str) -> None:
    """profit, loss: Only for USD-M Futures actions."""
    assert refused(page, spot("buy", **{field: "110"})) == {field}


def test_log_message_to_print_in_the_log(page: Platform) -> None:
    """log: Message to print in the log."""
    sends(page, futures(fixed="1", log="crossed ☀"))
    assert page.last()["fields"]["log"] == "crossed ☀"


def test_client_order_id_to_place_orders(page: Platform) -> None:
    """clientOrderId: Client Order Id to place orders; a repeat of an id places nothing more."""
    for _ in range(2):
        sends(page, futures(fixed="1", clientOrderId="mine"))
    page.still(100)
    assert [row["client_order_id"] for row in page.read("orders")] == ["mine"]
    assert held(page) == [(1, "1")]
    assert page.last()["verdict"] == "duplicate"


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


def test_insufficient_balance(page: Platform) -> None:
    """An exchange takes no order that the account cannot pay: the message is `ok`, its order is rejected."""
    sends(page, spot("buy", fixed="101"))
    assert "insufficient balance" in became(page)
    sends(page, spot("sell", fixed="1"))
    assert "insufficient balance" in became(page)
    sends(page, futures("closeLong", percent="100"))
    assert "there is no long position" in became(page)


def test_leverage_and_maintenance(make: Make) -> None:
    """With leverage 5, margin is a fifth; at the maintenance margin the account is liquidated."""
    page = make(AccountConfig(commission_percent=0, leverage=5, maintenance_percent=1))
    page.still(100)
    sends(page, futures(fixed="501"))
    assert "insufficient balance" in became(page)
    sends(page, futures(fixed="500"))
    page.still(100)
    assert page.read("balances")[0]["available"] == "0"
    page.candle(100, 100, 70, 75)
    assert held(page) == []
    assert page.read("fills")[-1]["kind"] == "liquidation"


def test_one_way(make: Make) -> None:
    """Positions of both sides stand side by side in hedge mode, and are one net position in one-way mode."""
    page = make(AccountConfig(commission_percent=0, positions="one-way"))
    page.still(100)
    for action in ("openLong", "openShort"):
        sends(page, futures(action, fixed="3" if action == "openLong" else "5"))
        page.still(100)
    assert held(page) == [(-1, "2")]


def test_hedge(page: Platform) -> None:
    """The same orders in hedge mode are two positions."""
    for action in ("openLong", "openShort"):
        sends(page, futures(action, fixed="3"))
        page.still(100)
    assert held(page) == [(1, "3"), (-1, "3")]


def test_funding(make: Make) -> None:
    """At 00, 08 and 16 UTC a long pays the rate, of the position's value."""
    page = make(AccountConfig(commission_percent=0, funding_percent=0.01))
    page.still(100)
    sends(page, futures(fixed="10"))
    page.still(100)
    page.candle_count = 480
    page.still(100)
    assert [row["amount"] for row in page.read("funding")] == ["0.1000"]
    assert cash(page) == "9999.9"


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
