"""What an exchange does that the page takes for granted, over HTTP."""

from __future__ import annotations

from engine.config import AccountConfig
from tests.conformance.conftest import Make
from tests.conformance.seen import became, cash, held, sends
from tests.paper.messages import futures, spot
from tests.paper.platform import Platform


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
