"""Limit and stop entries: when they fill, at what price, how they are withdrawn. Candles: open, high, low, close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.decisions.ruled import FREE, Candle, played

FLAT: Candle = (100, 100, 100, 100)
TV = replace(FREE, fills="tradingview")


def limit(price: float | str, more: str = "", enter: str = "bar_index == 0") -> str:
    return f"long: {{enter: '{enter}'}}\norder: {{type: limit, price: {price}, size: {{fixed: 1}}{more}}}\n"


def stop(price: float | str, more: str = "", enter: str = "bar_index == 0") -> str:
    return limit(price, more, enter).replace("limit", "stop")


def test_a_limit_entry_fills_inside_the_bar_at_its_price() -> None:
    """A waiting limit fills at its price when the path reaches it, on whichever bar that is."""
    story = played(limit(98), [FLAT, (100, 101, 99, 100), (100, 100, 97, 99)])
    assert story.fills == [(2, "open_long", "enter", 98.0)]
    assert story.bodies[0]["limit"] == "98"


def test_a_limit_that_the_open_has_passed_fills_at_the_open() -> None:
    """A better open is taken: the fill is at the open, not at the limit."""
    assert played(limit(98), [FLAT, (96, 97, 95, 96)]).fills == [(1, "open_long", "enter", 96.0)]


def test_a_short_limit_waits_above() -> None:
    rule = "short: {enter: 'bar_index == 0'}\norder: {type: limit, price: 102, size: {fixed: 1}}\n"
    assert played(rule, [FLAT, (100, 103, 100, 101)]).fills == [(1, "open_short", "enter", 102.0)]


def test_a_stop_entry_is_watched_by_the_engine() -> None:
    """The platform takes no stop orders: the engine sees the price, acts at the close, and fills at the next open."""
    story = played(stop(102), [FLAT, (100, 103, 100, 101), (105, 106, 104, 105)])
    assert story.decided == [(1, "open_long", "enter")]
    assert story.fills == [(2, "open_long", "enter", 105.0)]
    assert "limit" not in story.bodies[0]


def test_tradingview_fills_a_stop_entry_at_its_price() -> None:
    """The emulator holds it: it fills inside the bar, or at an open beyond it, with slippage."""
    slips = replace(TV, slippage_ticks=2)
    assert played(stop(102), [FLAT, (100, 103, 100, 101)], slips).fills == [(1, "open_long", "enter", 102.02)]
    assert played(stop(102), [FLAT, (104, 105, 103, 104)], slips).fills == [(1, "open_long", "enter", 104.02)]


@pytest.mark.parametrize(("bars", "filled"), [(1, False), (2, True)])
def test_an_entry_expires(bars: int, filled: bool) -> None:
    """It waits for as many bars as it may; its cancellation names the order."""
    story = played(limit(98, f", expire_bars: {bars}"), [FLAT, FLAT, (100, 100, 97, 99), FLAT])
    assert bool(story.fills) is filled
    if not filled:
        assert story.decided == [(0, "open_long", "enter"), (1, "cancel", "expired")]
        opened, cancelled = story.bodies
        assert cancelled["action"] == "cancel"
        assert cancelled["clientOrderId"] == opened["clientOrderId"]


def test_a_condition_withdraws_a_waiting_entry() -> None:
    story = played(limit(98, ", cancel: bar_index == 1"), [FLAT, FLAT, (100, 100, 97, 99)])
    assert story.decided == [(0, "open_long", "enter"), (1, "cancel", "cancel")]
    assert story.fills == []


def test_a_new_signal_replaces_the_waiting_entry() -> None:
    """The old order is withdrawn before the new one is placed, at the new price."""
    story = played(limit("close - 2", enter="bar_index < 2"), [FLAT, (90, 90, 90, 90), (90, 90, 87, 89)])
    assert story.fills == [(1, "open_long", "enter", 90.0)]  # passed by the open
    story = played(limit("close - 2", enter="bar_index < 2"), [FLAT, (101, 101, 101, 101), (100, 100, 98.5, 99)])
    assert story.decided == [(0, "open_long", "enter"), (1, "cancel", "replaced"), (1, "open_long", "enter")]
    assert story.fills == [(2, "open_long", "enter", 99.0)]


def test_levels_of_a_limit_entry_count_from_its_price() -> None:
    """Take-profit and stop-loss stand around the limit, travel with the order, and act in the bar of the fill."""
    rule = limit(98) + "take_profit: {percent: 1}\nstop_loss: {percent: 1}\n"
    story = played(rule, [FLAT, (100, 100.5, 97.5, 99)])
    assert (story.bodies[0]["profit"], story.bodies[0]["loss"]) == ("98.98", "97.02")
    assert story.fills == [(1, "open_long", "enter", 98.0), (1, "close_long", "take_profit", 98.98)]


def test_a_price_that_is_not_one_is_refused() -> None:
    for price in ("close * 0", "na(close) ? 1 : na"):
        assert played(limit(f"'{price}'"), [FLAT, FLAT]).decided == [(0, "none", "no_price")]


BOTH = (
    "long: {{enter: bar_index == 0, order: {{price: 102}}}}\nshort: {{enter: bar_index == 0, order: {{price: 98}}}}\n"
    "order: {{type: stop, size: {{fixed: 1}}{more}}}\n"
)


def test_stop_entries_on_both_sides_wait_together() -> None:
    """A straddle: the first that triggers opens; without oco, the other still waits, and reverses."""
    candles = [FLAT, (100, 103, 99, 102), (102, 102, 101, 101), (101, 101, 97, 97), (96, 96, 96, 96)]
    story = played(BOTH.format(more=""), candles)
    assert [fill[:3] for fill in story.fills] == [
        (2, "open_long", "enter"),
        (4, "close_long", "reverse"),
        (4, "open_short", "enter"),
    ]
    story = played(BOTH.format(more=", oco: true"), candles)
    assert [fill[:3] for fill in story.fills] == [(2, "open_long", "enter")]


def test_limits_on_both_sides_at_once_contradict_each_other() -> None:
    """The platform would hold both, and fill both: none is sent."""
    rule = BOTH.format(more="").replace("stop", "limit").replace("102", "97").replace("price: 98", "price: 103")
    assert played(rule, [FLAT, FLAT]).decided == []


def test_a_limit_against_an_open_position_closes_it_at_once() -> None:
    """Through the webhook a limit cannot reverse: the position is closed at the market, and the limit waits."""
    rule = (
        "long: {enter: bar_index == 0, order: {type: market}}\nshort: {enter: bar_index == 1, order: {price: 105}}\n"
        "order: {type: limit, size: {fixed: 1}}\n"
    )
    story = played(rule, [FLAT, FLAT, FLAT, (104, 106, 104, 105)])
    assert story.decided == [(0, "open_long", "enter"), (1, "close_long", "reverse"), (1, "open_short", "enter")]
    assert [f[:3] for f in story.fills][1:] == [(2, "close_long", "reverse"), (3, "open_short", "enter")]


def test_tradingview_keeps_the_size_that_an_order_was_made_with() -> None:
    """An entry placed while flat only closes an opposite position; one placed against it closes and opens."""
    rule = (
        "long: {enter: bar_index == 1, order: {type: market}}\n"
        "short: {enter: bar_index == ENTER, order: {price: 105}}\n"
        "order: {type: limit, size: {fixed: 1}}\n"
    )
    candles = [FLAT, FLAT, FLAT, FLAT, (104, 106, 104, 105)]
    placed_flat = played(rule.replace("ENTER", "0"), candles, TV)
    assert [f[1] for f in placed_flat.fills] == ["open_long", "close_long"]
    placed_against = played(rule.replace("ENTER", "2"), candles, TV)
    assert [f[1] for f in placed_against.fills] == ["open_long", "close_long", "open_short"]


def test_latency_makes_orders_wait() -> None:
    """With a latency of one candle a market order fills at the open after the next."""
    rule = "long: {enter: bar_index == 0, exit: bar_index == 3}\norder: {size: {fixed: 1}}\n"
    candles: list[Candle] = [(100 + i, 100 + i, 100 + i, 100 + i) for i in range(7)]
    story = played(rule, candles, replace(FREE, latency_bars=1))
    assert story.fills == [(2, "open_long", "enter", 102.0), (5, "close_long", "exit", 105.0)]
