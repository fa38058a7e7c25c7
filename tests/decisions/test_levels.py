"""What ends a position: ladders, trailing and break-even stops, levels from the entry, levels set anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.decisions.ruled import FREE, Candle, bars_of, played

FLAT: Candle = (100, 100, 100, 100)
TV = replace(FREE, fills="tradingview")
LONG = "long: {enter: bar_index == 0}\norder: {size: {fixed: 10}}\n"
SHORT = LONG.replace("long", "short")


def flat(price: float) -> Candle:
    return (price, price, price, price)


def test_levels_in_every_unit() -> None:
    """Percent, ticks, distance and price come to the same levels, rounded to the tick."""
    for profit, loss in (
        ("percent: 2", "percent: 1"),
        ("ticks: 200", "ticks: 100"),
        ("distance: 2", "distance: 1"),
        ("price: 102", "price: 99"),
    ):
        story = played(LONG + f"take_profit: {{{profit}}}\nstop_loss: {{{loss}}}\n", [FLAT, FLAT])
        assert (story.bodies[0]["profit"], story.bodies[0]["loss"]) == ("102", "99")


def test_a_level_from_the_entry_counts_from_the_fill() -> None:
    """The platform is not told: the engine watches it, and closes after the candle that met it."""
    rule = LONG + "stop_loss: {percent: 1, from: entry}\n"
    candles = [FLAT, (110, 110, 109.5, 110), (110, 110, 108, 109), flat(107)]
    story = played(rule, candles)
    assert "loss" not in story.bodies[0]
    assert story.fills == [(1, "open_long", "enter", 110.0), (3, "close_long", "stop_loss", 107.0)]
    assert played(rule, candles, TV).fills[1] == (2, "close_long", "stop_loss", 108.9)


LADDER = LONG + "take_profit: [{percent: 1, close_percent: 50}, {percent: 2, close_percent: 30}, {percent: 4}]\n"


def test_a_ladder_closes_in_parts() -> None:
    """Each rung closes its share of the entry; the last one what is left. A stop closes whatever is open."""
    candles = [FLAT, (100, 101.5, 100, 101), (101, 102.5, 101, 102), (102, 105, 102, 104), flat(104)]
    story = played(LADDER + "stop_loss: {percent: 3}\n", candles, TV)
    assert story.fills[1:] == [
        (1, "close_long", "take_profit", 101.0),
        (2, "close_long", "take_profit", 102.0),
        (3, "close_long", "take_profit", 104.0),
    ]
    assert story.quantities == [10.0, 5.0, 3.0, 2.0]
    fallen = played(LADDER + "stop_loss: {percent: 3}\n", [*candles[:2], (101, 101, 96, 96), flat(96)], TV)
    assert fallen.fills[-1] == (2, "close_long", "stop_loss", 97.0)
    assert fallen.quantities == [10.0, 5.0, 3.0, 2.0]  # each leg that is left has the stop of its own


def test_a_ladder_through_the_webhook_says_shares_of_what_is_open() -> None:
    """The engine watches the rungs; each close is a share of what is still there."""
    candles = [FLAT, (100, 101.5, 100, 101), (101, 102.5, 101, 102), (102, 105, 102, 104), flat(104)]
    story = played(LADDER, candles)
    assert [body.get("percent") for body in story.bodies[1:]] == ["50", "60", "100"]
    assert story.quantities == [10.0, 5.0, 3.0, 2.0]
    assert [fill[0] for fill in story.fills] == [1, 2, 3, 4]


def test_two_rungs_in_one_candle_are_one_close() -> None:
    story = played(LADDER, [FLAT, (100, 102.5, 100, 102), flat(102)])
    assert [body.get("percent") for body in story.bodies[1:]] == ["80"]
    assert story.quantities == [10.0, 8.0]


def test_an_exit_closes_what_a_ladder_has_left() -> None:
    rule = LADDER.replace("bar_index == 0}", "bar_index == 0, exit: bar_index == 1}")
    story = played(rule, [FLAT, (100, 101.5, 100, 101), flat(101)])
    assert story.decided[1:] == [(1, "close_long", "exit")]
    assert story.quantities == [10.0, 10.0]


@pytest.mark.parametrize(("side", "sign"), [("long", 1), ("short", -1)])
def test_a_trailing_stop_follows_the_best_price(side: str, sign: int) -> None:
    """It stands a distance behind the best price since the entry, and moves one way only."""
    rule = LONG.replace("long", side) + "trailing: {distance: 2}\n"

    def candle(*moves: float) -> Candle:
        opened, high, low, close = (100 + sign * move for move in moves)
        return (opened, max(high, low), min(high, low), close)

    candles = [FLAT, candle(0, 3, 0, 3), candle(3, 5, 3.5, 4), candle(4, 4, 2.5, 2.5), candle(2, 2, 2, 2)]
    story = played(rule, candles, TV)
    assert story.fills[1] == (3, f"close_{side}", "trailing", 100 + sign * 3.0)
    watched = played(rule, candles)
    assert watched.fills[1] == (4, f"close_{side}", "trailing", 100 + sign * 2.0)


def test_a_trailing_stop_begins_at_its_start() -> None:
    """Before the price has come to the start, there is no stop."""
    rule = LONG + "trailing: {percent: 1, start: {percent: 3}}\n"
    story = played(rule, [FLAT, (100, 102, 95, 96), (96, 104, 96, 103.5), (103, 103, 101, 101)], TV)
    assert story.fills[1] == (2, "close_long", "trailing", 102.96) or story.fills[1][0] == 3
    assert story.fills[1][2] == "trailing"
    assert played(rule, [FLAT, (100, 102, 90, 91), flat(91)], TV).fills[1:] == []


def test_break_even_moves_the_stop_to_the_entry() -> None:
    """Once the price has come far enough, a fall back to the entry closes there."""
    rule = LONG + "break_even: {after: {percent: 2}}\nstop_loss: {percent: 5}\n"
    candles = [FLAT, (100, 101, 99, 100.5), (101, 103, 101, 102), (102, 102, 99, 99.5), flat(99)]
    assert played(rule, candles, TV).fills[1] == (3, "close_long", "break_even", 100.0)
    assert played(rule, candles).fills[1] == (4, "close_long", "break_even", 99.0)
    assert played(rule, [*candles[:2], (100, 100, 96, 96)], TV).fills[1:] == []


def test_a_level_that_is_set_anew_holds_from_the_next_bar_on() -> None:
    """`every_bar` counts from each close; in the bar of the fill it is not there yet."""
    rule = LONG + "stop_loss: {distance: 1, every_bar: true}\n"
    story = played(rule, [FLAT, (100, 100, 95, 99), (99, 99.5, 98.5, 99.5), (99, 99, 98, 98.2)], TV)
    assert story.fills[1] == (3, "close_long", "stop_loss", 98.5)


def test_a_level_can_be_computed_of_the_position() -> None:
    """After three bars the stop is the entry price."""
    rule = LONG + 'stop_loss: {price: "position.bars >= 2 ? position.entry_price : 50", every_bar: true}\n'
    story = played(rule, [FLAT, flat(100), (104, 104, 96, 104), flat(104), (104, 104, 99, 99), flat(98)], TV)
    assert story.fills[1] == (4, "close_long", "stop_loss", 100.0)


def test_pyramiding_adds_entries_up_to_its_number() -> None:
    """Each entry has levels of its own; what closes first is the oldest entry's price."""
    rule = "long: {enter: bar_index < 5}\npyramiding: 3\norder: {size: {fixed: 1}}\ntake_profit: {distance: 10}\n"
    candles = [FLAT, flat(102), flat(104), flat(106), flat(108), (108, 115, 108, 111)]
    story = played(rule, candles, TV)
    assert [f[:2] for f in story.fills[:3]] == [(1, "open_long"), (2, "open_long"), (3, "open_long")]
    assert story.fills[3:] == [
        (5, "close_long", "take_profit", 110.0),
        (5, "close_long", "take_profit", 112.0),
        (5, "close_long", "take_profit", 114.0),
    ]
    assert [round(float(f["profit"]), 6) for f in story.result.fills[3:]] == [8.0, 8.0, 8.0]


def test_finer_candles_say_what_happened_inside() -> None:
    """With `watch`, the finer candles give the path, and the engine acts at the close of a finer one."""
    rule = LONG + "watch: 15m\ntake_profit: {percent: 2}\nstop_loss: {percent: 2}\n"
    hours: list[Candle] = [FLAT, (100, 103, 97, 100), flat(100)]
    quarters = [*[FLAT] * 4, (100, 100, 97, 97), (97, 103, 97, 103), (103, 103, 100, 100), *[FLAT] * 5]
    finer = bars_of(quarters, "15m")
    assert played(rule, hours, TV, finer=finer).fills[1] == (1, "close_long", "stop_loss", 98.0)
    quarters[4], quarters[5] = (100, 103, 100, 103), (103, 103, 97, 97)
    assert played(rule, hours, TV, finer=bars_of(quarters, "15m")).fills[1] == (1, "close_long", "take_profit", 102.0)
    watched = LONG + "watch: 15m\ntrailing: {percent: 2}\n"
    story = played(watched, hours, finer=finer)
    assert story.fills[1][:3] == (1, "close_long", "trailing")
    assert int(story.result.fills[1]["time"]) == int(finer.time[5])
