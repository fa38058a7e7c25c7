"""Time exits, sessions, cooldown, limits, sizes, costs, margin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.decisions.ruled import FREE, HOUR_MS, START_MS, Candle, played

FLAT: Candle = (100, 100, 100, 100)
TV = replace(FREE, fills="tradingview")
LONG = "long: {enter: bar_index == 0}\norder: {size: {fixed: 10}}\n"
ALWAYS = "long: {enter: close > 0, exit: position.bars == 0}\norder: {size: {fixed: 1}}\n"


def flat(price: float) -> Candle:
    return (price, price, price, price)


def test_a_position_is_held_for_at_most_so_many_bars() -> None:
    story = played(LONG + "max_bars: 3\n", [FLAT] * 8)
    assert story.fills == [(1, "open_long", "enter", 100.0), (4, "close_long", "max_bars", 100.0)]


def test_positions_are_closed_at_a_time_of_day() -> None:
    """The candle that closes at 05:00 is the one that opens at 04:00; the fill is at the next open."""
    story = played(LONG + 'flat_at: "05:00"\n', [FLAT] * 8)
    assert story.fills == [(1, "open_long", "enter", 100.0), (5, "close_long", "flat_at", 100.0)]


def test_entries_are_made_inside_sessions_only() -> None:
    story = played(ALWAYS + 'sessions: {hours: "03:00-05:00"}\n', [FLAT] * 24)
    closes = {(row + 1) for row, move, _ in story.decided if move == "open_long"}
    assert closes
    assert closes <= {3, 4, 5}


def test_a_cooldown_keeps_entries_out() -> None:
    """After an exit, as many closes pass without an entry, the exit's own bar being the first."""
    without = played(ALWAYS, [FLAT] * 12).fills
    story = played(ALWAYS + "cooldown: {bars: 3, after: any}\n", [FLAT] * 12)
    assert [f[0] for f in without[:4]] == [1, 2, 3, 4]
    assert [f[0] for f in story.fills[:4]] == [1, 2, 6, 7]


@pytest.mark.parametrize(("after", "waits"), [("loss", True), ("stop", False)])
def test_a_cooldown_after_losses_or_stops_only(after: str, waits: bool) -> None:
    candles = [FLAT, FLAT, flat(99), flat(99), flat(99), flat(99), flat(99)]
    story = played(ALWAYS + f"cooldown: {{bars: 3, after: {after}}}\n", candles)
    assert story.fills[1][:2] == (2, "close_long")  # at a loss, by its exit
    assert story.fills[2][0] == (6 if waits else 3)


def test_a_loss_limit_stands_aside_for_the_day() -> None:
    """At 5 % lost since the day began, all is closed; the next day (UTC) begins anew."""
    rule = "long: {enter: close > 0}\norder: {size: {fixed: 100}}\nlimits: {day_loss: {percent: 5}}\n"
    candles = [FLAT, FLAT, flat(97), flat(94), *[flat(94)] * 24]
    story = played(rule, candles)
    assert story.fills[:2] == [(1, "open_long", "enter", 100.0), (4, "close_long", "day_loss", 94.0)]
    assert story.fills[2][0] == 25  # decided at the first close of the next day


def test_a_drawdown_limit_stands_aside_for_good() -> None:
    rule = "long: {enter: close > 0}\norder: {size: {fixed: 100}}\nlimits: {drawdown: {percent: 5}}\n"
    story = played(rule, [FLAT, FLAT, flat(94), *[flat(94)] * 60])
    assert [f[2] for f in story.fills] == ["enter", "drawdown"]


def test_sizes_of_every_kind() -> None:
    """Percent of the equity, an amount, money's worth, and what loses so much at the stop."""
    for size, quantity in (("percent: 50", 50.0), ("fixed: 3", 3.0), ("notional: 700", 7.0), ("risk_percent: 1", 50.0)):
        rule = f"long: {{enter: bar_index == 0}}\norder: {{size: {{{size}}}}}\nstop_loss: {{percent: 2}}\n"
        story = played(rule, [FLAT, FLAT])
        assert story.quantities == [quantity], size
        expected = {"percent": "50"} if "percent: 50" in size else {"fixed": f"{quantity:g}"}
        assert {k: v for k, v in story.bodies[0].items() if k in ("percent", "fixed")} == expected


def test_fees_of_every_kind() -> None:
    """Percent of the value, by the contract, by the order; limit fills pay the maker's."""
    costs = replace(
        FREE, commission_percent=0.1, maker_percent=0.02, commission_per_contract=0.5, commission_per_order=2
    )
    rule = LONG + "take_profit: {distance: 10}\n"
    fills = played(rule, [FLAT, (100, 111, 100, 110)], costs).result.fills
    assert [round(float(f["fee"]), 6) for f in fills] == [1.0 + 5.0 + 2.0, 0.22 + 5.0 + 2.0]


def test_tradingview_charges_a_reversal_as_one_order() -> None:
    """The fee by the order is split by quantity over what it closes and what it opens."""
    rule = "long: {enter: bar_index == 0}\nshort: {enter: bar_index == 1}\norder: {size: {fixed: 1}}\n"
    costs = replace(TV, commission_per_order=10)
    assert [float(f["fee"]) for f in played(rule, [FLAT] * 3, costs).result.fills] == [10.0, 5.0, 5.0]
    webhook = replace(costs, fills="webhook")
    assert [float(f["fee"]) for f in played(rule, [FLAT] * 3, webhook).result.fills] == [10.0, 10.0, 10.0]


def test_slippage_in_percent() -> None:
    story = played(LONG, [FLAT, FLAT], replace(FREE, slippage_percent=0.1))
    assert story.fills == [(1, "open_long", "enter", 100.1)]


def test_funding_is_paid_every_eight_hours() -> None:
    """A long pays at 00, 08 and 16 UTC while it is open; a short is paid."""
    costs = replace(FREE, funding_percent=0.01)
    long = played(LONG, [FLAT] * 20, costs).result.equity
    assert [round(float(10_000 - e), 6) for e in (long[7], long[8], long[16])] == [0.0, 0.1, 0.2]
    short = played(LONG.replace("long", "short"), [FLAT] * 20, costs).result.equity
    assert round(float(short[16]) - 10_000, 6) == 0.2


def test_leverage_bounds_what_an_order_may_be_worth() -> None:
    """With a leverage of 2, an order worth three times the equity is refused."""
    rule = LONG.replace("fixed: 10", "fixed: 300")
    assert played(rule, [FLAT, FLAT], replace(FREE, leverage=2)).decided == [(0, "none", "no_size")]
    assert len(played(rule, [FLAT, FLAT], replace(FREE, leverage=3)).fills) == 1


def test_a_position_is_liquidated_where_its_margin_is_gone() -> None:
    """Where equity is down to the maintenance margin, the exchange takes it over, unless a stop was met before."""
    costs = replace(FREE, leverage=10, maintenance_percent=1)
    rule = LONG.replace("fixed: 10", "fixed: 900")  # 90,000 on 10,000: gone at 100 - 11.11 + the margin
    candles = [FLAT, FLAT, (100, 100, 85, 86)]
    fill = played(rule, candles, costs).fills[1]
    assert fill[2] == "liquidation"
    price = fill[3]
    assert 10_000 + 900 * (price - 100) == pytest.approx(0.01 * 900 * price, abs=0.01)
    stopped = played(rule + "stop_loss: {percent: 5}\n", candles, costs)
    assert stopped.fills[1][2:] == ("stop_loss", 95.0)


def test_tradingview_calls_margin() -> None:
    """Short of margin, four times what is missing is closed; an entry that it cannot carry is not made."""
    costs = replace(TV, margin_percent=100)
    rule = "short: {enter: bar_index == 0}\norder: {size: {percent: 100}}\n"
    story = played(rule, [FLAT, (100, 104, 100, 100)], costs, lot="0.01")
    assert story.fills[0] == (1, "open_short", "enter", 100.0)
    assert story.fills[1][1:3] == ("close_short", "margin_call")
    missing = (100 * 104 - (10_000 - 400)) / 104
    assert story.quantities[1] == pytest.approx(4 * int(missing * 100) / 100)
    assert played(LONG.replace("fixed: 10", "fixed: 101"), [FLAT, FLAT], costs).fills == []


def test_conditions_know_the_position() -> None:
    """Profit, bars and side of the position may stand in conditions, at every close as they are then."""
    rule = "long: {enter: bar_index == 0, exit: position.profit_percent > 2}\norder: {size: {fixed: 1}}\n"
    assert played(rule, [FLAT, FLAT, flat(102), flat(103), flat(103)]).fills[1][0] == 4
    since = "(na(position.bars_since_exit) or position.bars_since_exit >= 2)"
    rule = f"long: {{enter: position.side == 0 and {since}, exit: position.bars >= 1}}\norder: {{size: {{fixed: 1}}}}\n"
    assert [f[0] for f in played(rule, [FLAT] * 12).fills[:4]] == [1, 3, 6, 8]


def test_the_log_tells_values() -> None:
    """Numbers in braces are those of the deciding close."""
    rule = LONG.replace("bar_index == 0}", "bar_index == 0, exit: bar_index == 2}")
    rule += 'log: "close {close} of {bar_index}"\ndelay_seconds: 2.5\n'
    story = played(rule, [FLAT, FLAT, flat(101), flat(101)])
    assert [body["log"] for body in story.bodies] == ["close 100 of 0", "close 101 of 2"]
    assert [body["delaySeconds"] for body in story.bodies] == [2.5, 2.5]


def test_what_the_clock_says_is_the_candles() -> None:
    """The machine's days are those of the candles: a backtest that begins at noon has a first day of half a day."""
    rule = "long: {enter: close > 0}\norder: {size: {fixed: 100}}\nlimits: {day_loss: {percent: 5}}\n"
    noon = START_MS + 12 * HOUR_MS
    story = played(rule, [FLAT, FLAT, flat(94), *[flat(94)] * 20], start_ms=noon)
    assert story.fills[2][0] == 13
