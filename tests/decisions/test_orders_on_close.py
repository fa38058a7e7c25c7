"""TradingView's process_orders_on_close: what a close decides is tried at it. Candles: open, high, low, close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.decisions.ruled import FREE, Candle, played

ON_CLOSE = replace(FREE, fills="tradingview", orders_on_close=True)
FLAT: Candle = (100, 100, 100, 100)
UP: Candle = (100, 106, 99, 104)
DOWN: Candle = (104, 105, 95, 97)
ONE = "order: {size: {fixed: 1}}\n"


def test_market_orders_fill_at_the_close_that_decides() -> None:
    """With slippage; entry and exit have the bars of their decisions, and profit is that of the closes."""
    rule = "long: {enter: 'bar_index == 0', exit: 'bar_index == 1'}\n" + ONE
    story = played(rule, [UP, DOWN, FLAT], replace(ON_CLOSE, slippage_ticks=3))
    assert story.fills == [(0, "open_long", "enter", 104.03), (1, "close_long", "exit", 96.97)]
    assert list(story.result.equity) == pytest.approx([9_999.97, 9_992.94, 9_992.94])


def test_a_reversal_is_whole_at_one_close() -> None:
    story = played("long: {enter: 'bar_index == 0'}\nshort: {enter: 'bar_index == 1'}\n" + ONE, [UP, DOWN], ON_CLOSE)
    assert [fill[:2] for fill in story.fills] == [(0, "open_long"), (1, "close_long"), (1, "open_short")]


def test_bars_are_counted_from_the_bar_of_the_decision() -> None:
    """`position.bars` is how many bars ago the entry's bar was, and `position.bars_since_exit` the exit's."""
    rule = "long: {enter: 'bar_index == 0 or position.bars_since_exit == 2', exit: 'position.bars == 2'}\n" + ONE
    story = played(rule, [FLAT] * 7, ON_CLOSE)
    assert [fill[:2] for fill in story.fills] == [
        (0, "open_long"),
        (2, "close_long"),
        (4, "open_long"),
        (6, "close_long"),
    ]


def test_an_order_that_the_close_has_passed_fills_at_it() -> None:
    """A limit above the close is met; one below waits for its price, from the next bar on."""
    limit = "long: {enter: 'bar_index == 0'}\norder: {type: limit, price: %s, size: {fixed: 1}}\n"
    assert played(limit % 105, [UP, DOWN], ON_CLOSE).fills == [(0, "open_long", "enter", 104.0)]
    assert played(limit % 98, [UP, DOWN], ON_CLOSE).fills == [(1, "open_long", "enter", 98.0)]


def test_nothing_of_the_candle_counts_for_a_trade_that_begins_at_its_close() -> None:
    """Run-up and drawdown begin with the next candle, and end with all of the one whose close ends the trade."""
    rule = "long: {enter: 'bar_index == 0', exit: 'bar_index == 1'}\n" + ONE
    (trade,) = played(rule, [UP, DOWN], ON_CLOSE).result.trades
    assert (trade.run_up, trade.drawdown) == (1.0, -9.0)
    stats = played(rule, [(100, 104, 90, 104), DOWN], ON_CLOSE).result.stats
    assert stats.max_drawdown_intrabar == pytest.approx(9.0)


def test_a_rule_without_the_option_waits_for_the_open() -> None:
    rule = "long: {enter: 'bar_index == 0'}\n" + ONE
    assert played(rule, [UP, DOWN], replace(ON_CLOSE, orders_on_close=False)).fills[0][0] == 1
    assert played(rule, [UP, DOWN], replace(ON_CLOSE, fills="webhook")).fills[0][0] == 1
