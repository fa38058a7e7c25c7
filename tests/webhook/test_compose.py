"""From a decision to the message: actions by market, rounding, what travels with an entry, the log."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decisions import Decision, Move, Reason
from engine.market import Instrument, MarketKind, Timeframe
from engine.rules.terms import SideTerms, Terms
from engine.webhook import Author, Message, client_order_id

_BAR_MS = 1_704_067_200_000


def _author(market: MarketKind = MarketKind.FUTURES, *, in_percent: bool = True, strategy: str = "swing") -> Author:
    instrument = Instrument("BTC/USDT", Decimal("0.5"), Decimal("0.01"))
    side = SideTerms("market", "percent" if in_percent else "fixed", False, (), (), None, None, None)
    terms = Terms(side, side, 1, None, None, None, ())
    return Author(strategy, market, Timeframe.parse("1h"), instrument, terms)


def _decision(
    move: Move, size: float | None = 12.34567, profit: float | None = None, loss: float | None = None
) -> Decision:
    return Decision(_BAR_MS, move, Reason.ENTER, 100.0, size, profit, loss)


def _message(author: Author, decision: Decision) -> Message:
    message = author.message(decision)
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("market", "move", "action"),
    [
        (MarketKind.FUTURES, Move.OPEN_LONG, "openLong"),
        (MarketKind.FUTURES, Move.CLOSE_LONG, "closeLong"),
        (MarketKind.FUTURES, Move.OPEN_SHORT, "openShort"),
        (MarketKind.FUTURES, Move.CLOSE_SHORT, "closeShort"),
        (MarketKind.SPOT, Move.OPEN_LONG, "buy"),
        (MarketKind.SPOT, Move.CLOSE_LONG, "sell"),
    ],
)
def test_each_move_is_the_action_of_its_market(market: MarketKind, move: Move, action: str) -> None:
    """A move becomes the page's own word; its id is the decision's, and says whether it opens or closes."""
    message = _message(_author(market), _decision(move))
    assert str(message.action) == action
    assert message.market is market
    assert message.client_order_id == client_order_id(
        strategy="swing",
        symbol="BTC/USDT",
        timeframe="1h",
        candle_open_ms=_BAR_MS,
        intent="open" if move.opens else "close",
        sequence=0,
    )


def test_a_refused_entry_is_no_message() -> None:
    """A decision that was only kept to be seen sends nothing."""
    assert _author().message(_decision(Move.NONE)) is None


def test_sizes_are_rounded_down() -> None:
    """Percent to 0.0001, an amount to the lot: never more than was meant."""
    assert _message(_author(), _decision(Move.OPEN_LONG)).body()["percent"] == "12.3456"
    fixed = _message(_author(in_percent=False), _decision(Move.OPEN_LONG)).body()
    assert fixed["fixed"] == "12.34"
    assert "percent" not in fixed


def test_a_close_is_for_the_whole_position() -> None:
    """Whatever the sizes of entries are, a close is of 100 percent."""
    for in_percent in (True, False):
        body = _message(_author(in_percent=in_percent), _decision(Move.CLOSE_SHORT, None)).body()
        assert body["percent"] == "100"
        assert "fixed" not in body


def test_levels_travel_with_entries_on_futures_only() -> None:
    """Take-profit and stop-loss, to the nearest tick; on spot the engine watches them, and a close has none."""
    body = _message(_author(), _decision(Move.OPEN_LONG, 10.0, 110.26, 90.24)).body()
    assert (body["profit"], body["loss"]) == ("110.5", "90")
    only = _message(_author(), _decision(Move.OPEN_SHORT, 10.0, None, 110.0)).body()
    assert "profit" not in only
    assert only["loss"] == "110"
    spot = _message(_author(MarketKind.SPOT), _decision(Move.OPEN_LONG, 10.0, 110.0, 90.0)).body()
    assert not {"profit", "loss"} & spot.keys()
    assert not {"profit", "loss"} & _message(_author(), _decision(Move.CLOSE_LONG, None, 110.0, 90.0)).body().keys()


def test_the_log_says_who_and_why_in_200_characters() -> None:
    """The platform shows about 200 characters; a longer name is cut."""
    assert _message(_author(), _decision(Move.OPEN_LONG)).log == "swing enter"
    assert _message(_author(strategy="s" * 300), _decision(Move.OPEN_LONG)).log == "s" * 200
