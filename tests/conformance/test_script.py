"""The page's text and its script, sentence by sentence, over HTTP."""

from __future__ import annotations

import contextlib
import io

import requests

from engine.cli.message import message
from engine.paper.app import PATH
from tests.conformance.seen import held, sends
from tests.conformance.sentences import says
from tests.paper.messages import OTHER_TOKEN, futures, spot
from tests.paper.platform import Platform

# The page's own, line by line.
SCRIPT = (
    "import requests",
    "URL = 'https://crypto-arsenal.io/trading-signal/webhook'",
    'PAYLOAD ={"log":"Buy","action":"buy","percent":"100",'
    '"connectorName":"YOUR_CONNECTOR","connectorToken":"YOUR_TOKEN"}',
    "response = requests.post(URL, json=PAYLOAD)",
    "print(response.text) # ok",
)


@says(
    "Post JSON message to https://api.crypto-arsenal.io/trading-signal/webhook",
)
def test_post_json_message_to_trading_signal_webhook(page: Platform) -> None:
    """Post JSON message to https://api.crypto-arsenal.io/trading-signal/webhook."""
    assert PATH == "/trading-signal/webhook"
    assert requests.get(page.url + PATH, timeout=10).status_code == 405
    sends(page, futures(percent="1"))


@says(*SCRIPT)
def test_the_example_python_script(page: Platform) -> None:
    """The page's script with our address, a connector and its token prints `ok`, and buys for all that there is."""
    text = "\n".join(SCRIPT).replace("https://crypto-arsenal.io", page.url)
    text = text.replace("YOUR_CONNECTOR", "eth-spot").replace("YOUR_TOKEN", OTHER_TOKEN)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(text, {})  # noqa: S102 - the page's own, above
    assert printed.getvalue() == "ok\n"
    page.still(100, "eth-spot")
    assert held(page, "eth-spot") == [(1, "100")]


@says(
    "you can copy URL and PAYLOAD straight from the webhook messages box on the platform (see below)",
    "JSON messages can be generated automatically and copied via the UI - the process is similar to connecting to "
    "TradingView (follow up to Step 4)",
)
def test_json_messages_can_be_generated_automatically_and_copied(page: Platform) -> None:
    """What `signal-engine message` prints is taken as it is, with name and token filled in."""
    for action, sizes in (("openLong", {"percent": "25", "profit": "110", "loss": "95"}), ("sell", {"fixed": "1"})):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            message(action, **sizes)  # type: ignore[arg-type]
        known = futures() if action == "openLong" else spot()
        text = printed.getvalue().replace("YOUR_CONNECTOR", str(known["connectorName"]))
        answer = page.post(data=text.replace("YOUR_TOKEN", str(known["connectorToken"])).encode())
        assert (answer.status_code, answer.text) == (200, "ok")


@says("Step 4: Copy Webhook URL & Message to TradingView Alert Box")
def test_copy_message_to_tradingview_alert_box(page: Platform) -> None:
    """TradingView posts an alert's text as it stands; where that is JSON, as `application/json; charset=utf-8`."""
    text = f' {{"connectorName":"eth-spot",\n "connectorToken":"{OTHER_TOKEN}","action":"buy","percent":"100"}}\n'
    answer = page.post(data=text.encode(), kind="application/json; charset=utf-8")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert page.post(data=text.encode(), kind="text/plain; charset=utf-8").status_code == 415


@says("start a simulation/live trade to see trades in real time")
def test_start_a_trade_to_see_trades_in_real_time(page: Platform) -> None:
    """A trade is seen by whoever asks as soon as the market has moved, and not before."""
    sends(page, futures(fixed="1"))
    assert page.read("fills") == []
    page.still(101)
    assert [(fill["price"], fill["quantity"]) for fill in page.read("fills")] == [("101", "1")]


@says(
    "Note that this only works if the strategy is created with TradingView & API template that implements "
    "on_tradingview_signal which uses our Python library to place orders based on the received signal (see below)"
)
def test_this_only_works_if_the_strategy_is_created(page: Platform) -> None:
    """The signal of a connector that there is places an order by it; one that was never created is a stranger."""
    sends(page, futures(fixed="2", limit="90", clientOrderId="mine"))
    (order,) = page.read("orders")
    assert (order["client_order_id"], order["quantity"], order["price"]) == ("mine", "2", "90")
    assert page.post({**futures(), "connectorName": "never-created"}).status_code == 401


@says("Step 3: Pick USDT Future and your currency")
def test_pick_usdt_future_and_your_currency(page: Platform) -> None:
    """A connector is for one market, which no message names: its account counts in what that is quoted in."""
    sends(page, futures(fixed="2"))
    page.still(100)
    page.still(110)
    (balance,) = page.read("balances")
    assert (balance["cash"], balance["equity"]) == ("10000", "10020")
    assert page.post(futures("openLong", symbol="ETHUSDT")).status_code == 422
