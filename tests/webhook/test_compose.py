"""From a decision to the message: actions by market, rounding, what travels with an entry, the log."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Decision, Move, Reason
from engine.market import Instrument, MarketKind, Timeframe
from engine.rules.terms import SideTerms, Terms
from engine.webhook import Author, Message, client_order_id
from engine.webhook.compose import Values

_BAR_MS = 1_704_067_200_000


_HOURLY, _MINUTES = Timeframe.parse("1h"), Timeframe.parse("1m")
_INSTRUMENT = Instrument("BTC/USDT", Decimal("0.5"), Decimal("0.01"))
_PERCENT = SideTerms("market", "percent", False, (), (), None, None, None)
_FIXED = replace(_PERCENT, size_kind="fixed")
_NO_VALUES: Values = {}
_TERMS = Terms(_PERCENT, _PERCENT, 1, None, None, None, ())


def _author(market: MarketKind = MarketKind.FUTURES, *, in_percent: bool = True, strategy: str = "swing") -> Author:
    side = _PERCENT if in_percent else _FIXED
    return Author(strategy, market, _HOURLY, _INSTRUMENT, replace(_TERMS, long=side, short=side))


def _author_of(**terms: Any) -> Author:
    return Author("swing", MarketKind.FUTURES, _HOURLY, _INSTRUMENT, replace(_TERMS, **terms))


def _id(intent: str, timeframe: str = "1h", time_ms: int = _BAR_MS) -> str:
    return client_order_id(
        strategy="swing", symbol="BTC/USDT", timeframe=timeframe, candle_open_ms=time_ms, intent=intent, sequence=0
    )


def _decision(
    move: Move, size: float | None = 12.34567, profit: float | None = None, loss: float | None = None
) -> Decision:
    return Decision(_BAR_MS, move, Reason.ENTER, 100.0, size, profit, loss)


def _message(author: Author, decision: Decision, values: Values = _NO_VALUES) -> Message:
    message = author.message(decision, values)
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


def test_a_waiting_entry_is_withdrawn_by_its_own_id() -> None:
    """A cancellation names the entry by the bar on which that was decided, and says why; it has nothing else."""
    earlier = _BAR_MS - 7 * 3_600_000
    decision = replace(_decision(Move.CANCEL), order_ms=earlier, reason=Reason.EXPIRED)
    for author in (_author(), _author(MarketKind.SPOT), _author_of(watch=_MINUTES)):
        message = _message(author, replace(decision, watched=True))
        assert message.market is author.market
        assert message.body() == {
            "action": "cancel", "log": "swing expired", "clientOrderId": _id("open", time_ms=earlier),
        }  # fmt: skip


def test_a_part_is_closed_in_percent_rounded_down() -> None:
    """A partial close is a percent of what is open, to 0.0001, never more."""
    assert _message(_author(), _decision(Move.CLOSE_LONG, 33.33336)).body()["percent"] == "33.3333"
    assert _message(_author(in_percent=False), _decision(Move.CLOSE_LONG, 33.33336)).body()["percent"] == "33.3333"


def test_each_side_has_its_own_kind_of_size() -> None:
    """A long in percent beside a short in amounts."""
    author = _author_of(long=_PERCENT, short=_FIXED)
    long, short = (_message(author, _decision(move, 5.5)).body() for move in (Move.OPEN_LONG, Move.OPEN_SHORT))
    assert (long["percent"], short["fixed"]) == ("5.5", "5.5")
    assert ("fixed" in long, "percent" in short) == (False, False)
    only_short = _author_of(long=None, short=_FIXED)
    assert _message(only_short, _decision(Move.OPEN_SHORT, 5.5)).body()["fixed"] == "5.5"


def test_a_limit_travels_to_the_tick() -> None:
    """The price of a limit order, to the nearest tick; a market order has none."""
    assert _message(_author(), replace(_decision(Move.OPEN_LONG), price=99.76)).body()["limit"] == "100"
    assert "limit" not in _message(_author(), _decision(Move.OPEN_LONG)).body()


def test_what_was_decided_inside_a_bar_is_named_by_the_finer_candle() -> None:
    """Its id is of the `watch` timeframe: two decisions of one bar do not share one."""
    author = _author_of(watch=_MINUTES)
    inside = replace(_decision(Move.CLOSE_LONG, None), watched=True)
    assert _message(author, inside).client_order_id == _id("close", "1m")
    assert _message(author, _decision(Move.CLOSE_LONG, None)).client_order_id == _id("close", "1h")
    assert _message(_author(), inside).client_order_id == _id("close", "1h")


def test_a_delay_travels_to_the_millisecond_with_its_filter() -> None:
    """The rule's `delay_seconds` at that close; na is no delay, and leaves no filter behind."""
    author = _author_of(delay_filter="patient", log=("patient entry",))
    body = _message(author, _decision(Move.OPEN_LONG), {"delay_seconds": 1.23456}).body()
    assert (body["delaySeconds"], body["delaySecondsFilter"]) == (1.235, "patient")
    plain = _message(author, _decision(Move.OPEN_LONG)).body()
    assert not {"delaySeconds", "delaySecondsFilter"} & plain.keys()
    unknown = _message(author, _decision(Move.OPEN_LONG), {"delay_seconds": math.nan}).body()
    assert not {"delaySeconds", "delaySecondsFilter"} & unknown.keys()


def test_a_close_is_never_lost_to_its_numbers() -> None:
    """A delay out of bounds is the nearest that is taken, the smallest part 0.0001 percent: nothing is refused."""
    author = _author_of(delay_filter="patient")
    for delay, sent in ((-3.0, 0), (math.inf, 86_400), (-math.inf, 0), (86_400.0004, 86_400)):
        body = _message(author, _decision(Move.CLOSE_LONG, None), {"delay_seconds": delay}).body()
        assert (body["delaySeconds"], body["percent"]) == (sent, "100")
    assert _message(author, _decision(Move.CLOSE_LONG, 0.00004)).body()["percent"] == "0.0001"


def test_the_rules_own_log_has_its_numbers() -> None:
    """Texts and values, to eight digits; an unknown value is na; cut at 200 characters; on cancellations too."""
    author = _author_of(log=("RSI ", 0, ", ", 1, ""))
    values = {"log.0": 12.3456789012, "log.1": 1e-5}
    assert _message(author, _decision(Move.OPEN_LONG), values).log == "RSI 12.345679, 0.00001"
    assert _message(author, _decision(Move.OPEN_LONG), {"log.0": math.nan}).log == "RSI na, na"
    assert _message(author, _decision(Move.CLOSE_LONG, None), values).log == "RSI 12.345679, 0.00001"
    assert _message(author, replace(_decision(Move.CANCEL), order_ms=_BAR_MS), values).log == "RSI 12.345679, 0.00001"
    assert _message(_author_of(log=("x" * 300,)), _decision(Move.OPEN_LONG)).log == "x" * 200
