"""What the machine does, one sentence of execution.md at a time. Bars are (open, high, low, close)."""

from __future__ import annotations

import json

import pytest

from engine.decisions import Decision, Move, Reason, Settings, new_state, state_from_json, state_to_json, void_entry
from tests.decisions.play import NA, STEP_MS, Condition, Fill, columns, play, settings

FLAT = (100.0, 100.0, 100.0, 100.0)
UNITS = settings(in_percent=False)
BRACKET = settings(in_percent=False, take_profit=True, stop_loss=True)
SPOT = settings(in_percent=False, take_profit=True, stop_loss=True, futures=False)
OPEN_LONG, CLOSE_LONG, OPEN_SHORT, CLOSE_SHORT = Move.OPEN_LONG, Move.CLOSE_LONG, Move.OPEN_SHORT, Move.CLOSE_SHORT


def test_a_market_entry_fills_at_the_next_open() -> None:
    """An entry decided at a close fills at the open of the following bar, whatever that bar does then."""
    played = play(columns([FLAT, (103, 120, 80, 110)], long_enter=[0]), UNITS)
    assert played.decided == [(0, OPEN_LONG, Reason.ENTER)]
    assert played.fills == [Fill(1, OPEN_LONG, Reason.ENTER, 103.0, 1.0, 0.0, 0.0)]
    assert list(played.equity) == [10_000.0, 10_007.0]


def test_an_exit_fills_at_the_next_open() -> None:
    """A position whose exit holds at a close is closed at the open of the following bar."""
    played = play(columns([FLAT, FLAT, (107, 107, 90, 90)], long_enter=[0], long_exit=[1]), UNITS)
    assert played.fills[1] == Fill(2, CLOSE_LONG, Reason.EXIT, 107.0, 1.0, 0.0, 7.0)
    assert played.equity[2] == 10_007.0


def test_nothing_fills_after_the_last_bar() -> None:
    """What is decided at the last close is decided, and fills nowhere."""
    played = play(columns([FLAT], long_enter=[0]), UNITS)
    assert (played.decided, played.fills) == ([(0, OPEN_LONG, Reason.ENTER)], [])


@pytest.mark.parametrize(
    ("signal", "levels", "bar", "reason", "price"),
    [
        ("long_enter", (104, 97), (100, 104, 99, 101), Reason.TAKE_PROFIT, 104),
        ("long_enter", (104, 97), (100, 103, 97, 101), Reason.STOP_LOSS, 97),
        ("short_enter", (96, 103), (100, 101, 96, 99), Reason.TAKE_PROFIT, 96),
        ("short_enter", (96, 103), (100, 103, 97, 99), Reason.STOP_LOSS, 103),
    ],
)
def test_levels_act_in_the_bar_of_their_entry(
    signal: Condition, levels: tuple[float, float], bar: tuple[float, float, float, float], reason: Reason, price: float
) -> None:
    """Take-profit and stop-loss act from the moment of their entry's fill, at their price, in the same bar."""
    fills = play(columns([FLAT, bar], levels={0: levels}, true={signal: [0]}), BRACKET).fills
    assert [(f.bar, f.reason, f.price) for f in fills] == [(1, Reason.ENTER, 100.0), (1, reason, float(price))]


@pytest.mark.parametrize(
    ("signal", "levels", "opened", "reason"),
    [
        ("long_enter", (104, 97), 106, Reason.TAKE_PROFIT),
        ("long_enter", (104, 97), 95, Reason.STOP_LOSS),
        ("short_enter", (96, 103), 94, Reason.TAKE_PROFIT),
        ("short_enter", (96, 103), 105, Reason.STOP_LOSS),
    ],
)
def test_a_level_that_the_open_has_passed_fills_at_the_open(
    signal: Condition, levels: tuple[float, float], opened: float, reason: Reason
) -> None:
    """After a gap over a level, the position is closed at the open, better or worse than the level."""
    bars = [FLAT, FLAT, (opened, 110.0, 90.0, 100.0)]
    fill = play(columns(bars, levels={0: levels}, true={signal: [0]}), BRACKET).fills[1]
    assert (fill.bar, fill.reason, fill.price) == (2, reason, float(opened))


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        ((100, 105, 94, 100), Reason.TAKE_PROFIT),  # the high is nearer to the open
        ((100, 106, 95, 100), Reason.STOP_LOSS),  # the low is nearer
        ((100, 105, 95, 100), Reason.STOP_LOSS),  # as near: the low comes first
    ],
)
def test_the_nearer_of_high_and_low_comes_first(bar: tuple[float, float, float, float], reason: Reason) -> None:
    """Of two levels inside one bar, the one on the side of the nearer extreme fills, and the other never does."""
    fills = play(columns([FLAT, bar, FLAT], levels={0: (104, 96)}, long_enter=[0]), BRACKET).fills
    assert [f.reason for f in fills] == [Reason.ENTER, reason]


def test_a_tie_is_a_tie_in_ticks() -> None:
    """High and low that are as many ticks from the open are as near, though their floats differ in the last digit."""
    tie = (10.2, 10.3, 10.1, 10.2)
    assert tie[1] - tie[0] > tie[0] - tie[2]
    lower = (10.3, 10.4, 10.2, 10.3)
    assert lower[1] - lower[0] < lower[0] - lower[2]
    for bar in (tie, lower):
        table = columns([(bar[0],) * 4, bar], levels={0: (bar[1], bar[2])}, long_enter=[0])
        assert play(table, BRACKET._replace(tick=0.1)).fills[1].reason is Reason.STOP_LOSS


def test_a_level_that_is_touched_fills() -> None:
    """A level is met by a price that equals it in ticks, though the floats differ in the last digit."""
    for high in (0.3, 0.1 + 0.2, 0.29999999999999993):
        table = columns([(0.2,) * 4, (0.2, high, 0.2, 0.2)], levels={0: (0.3, 0.1)}, long_enter=[0])
        assert play(table, BRACKET._replace(tick=0.1)).fills[1].reason is Reason.TAKE_PROFIT


def test_a_reversal_closes_then_opens() -> None:
    """An opposite entry closes first and opens then: two decisions and two fills in that order, at one open."""
    played = play(columns([FLAT, FLAT, (98, 98, 98, 98)], long_enter=[0], short_enter=[1]), UNITS)
    assert played.decided[1:] == [(1, CLOSE_LONG, Reason.REVERSE), (1, OPEN_SHORT, Reason.ENTER)]
    assert played.story[1:] == [(2, CLOSE_LONG, 98.0), (2, OPEN_SHORT, 98.0)]


def test_an_exit_together_with_the_opposite_entry_is_an_exit() -> None:
    """Exits come before entries: the close is for the exit, and the opposite entry follows it at the same open."""
    played = play(columns([FLAT] * 3, long_enter=[0], long_exit=[1], short_enter=[1]), UNITS)
    assert played.decided[1:] == [(1, CLOSE_LONG, Reason.EXIT), (1, OPEN_SHORT, Reason.ENTER)]


def test_a_refused_reversal_still_closes() -> None:
    """Where the opposite entry is refused, the position is closed all the same, and nothing is opened."""
    played = play(columns([FLAT] * 3, long_enter=[0], short_enter=[1], size=[1, 0, 1]), UNITS)
    assert played.decided[1:] == [(1, CLOSE_LONG, Reason.REVERSE), (1, Move.NONE, Reason.NO_SIZE)]
    assert played.story[1:] == [(2, CLOSE_LONG, 100.0)]


def test_after_a_level_the_same_close_may_enter_again() -> None:
    """A bar inside which the platform closed the position may end with a new entry."""
    table = columns([FLAT, (100, 104, 100, 100), FLAT], levels={0: (104, 97), 1: (104, 97)}, long_enter=[0, 1])
    assert play(table, BRACKET).story == [(1, OPEN_LONG, 100.0), (1, CLOSE_LONG, 104.0), (2, OPEN_LONG, 100.0)]


@pytest.mark.parametrize(
    ("bar", "reason"), [((100, 104, 100, 101), Reason.TAKE_PROFIT), ((100, 100, 97, 99), Reason.STOP_LOSS)]
)
def test_levels_on_spot_fill_at_the_next_open(bar: tuple[float, float, float, float], reason: Reason) -> None:
    """What the engine itself watches is sold after it has seen the price: decided at that close, at the next open."""
    played = play(columns([FLAT, bar, (102, 102, 102, 102)], levels={0: (104, 97)}, long_enter=[0]), SPOT)
    assert played.decided[1:] == [(1, CLOSE_LONG, reason)]
    assert played.story[1:] == [(2, CLOSE_LONG, 102.0)]


def test_a_level_on_spot_sells_once() -> None:
    """A level that is passed again in the bar in which its sale fills is not sold a second time."""
    table = columns([FLAT, (100, 104, 100, 104), (105, 106, 104, 105)], levels={0: (104, 97)}, long_enter=[0])
    assert len(play(table, SPOT).decisions) == 2


def test_entries_on_both_sides_contradict_each_other() -> None:
    """Where both entries hold at one close, neither is taken, and an open position stays."""
    played = play(columns([FLAT] * 4, long_enter=[0, 1, 2], short_enter=[0, 2]), UNITS)
    assert played.decided == [(1, OPEN_LONG, Reason.ENTER)]


def test_an_entry_on_the_side_of_the_position_is_ignored() -> None:
    """Without pyramiding, an entry on the position's own side changes nothing, not even while it is being left."""
    played = play(columns([FLAT] * 4, long_enter=[0, 1, 2], long_exit=[2]), UNITS)
    assert played.decided == [(0, OPEN_LONG, Reason.ENTER), (2, CLOSE_LONG, Reason.EXIT)]


@pytest.mark.parametrize(
    ("told", "size", "levels", "reason"),
    [
        (BRACKET, 1, (100, 97), Reason.NO_LEVEL),
        (BRACKET, 1, (99, 97), Reason.NO_LEVEL),
        (BRACKET, 1, (104, 100), Reason.NO_LEVEL),
        (BRACKET, 1, (104, 101), Reason.NO_LEVEL),
        (BRACKET, 1, (104, -1), Reason.NO_LEVEL),
        (BRACKET, 1, (NA, 97), Reason.NO_LEVEL),
        (BRACKET, 1, (104, NA), Reason.NO_LEVEL),
        (BRACKET._replace(tick=10.0), 1, (104, 90), Reason.NO_LEVEL),  # the nearest tick is the close
        (UNITS, NA, (NA, NA), Reason.NO_SIZE),
        (UNITS, 0, (NA, NA), Reason.NO_SIZE),
        (UNITS, -1, (NA, NA), Reason.NO_SIZE),
        (UNITS._replace(lot=0.1), 0.099, (NA, NA), Reason.NO_SIZE),
        (UNITS._replace(may_borrow=False), 100.01, (NA, NA), Reason.NO_SIZE),
        (settings(lot=1.0), 0.9, (NA, NA), Reason.NO_SIZE),
        (settings(), 100.01, (NA, NA), Reason.NO_SIZE),  # a message's percent is at most 100 ...
        (settings(), 0.00009, (NA, NA), Reason.NO_SIZE),  # ... and at least 0.0001
    ],
)
def test_a_refused_entry_is_a_decision(
    told: Settings, size: float, levels: tuple[float, float], reason: Reason
) -> None:
    """An entry whose level or size is not valid is refused, visibly: a decision that moves nothing."""
    played = play(columns([FLAT] * 3, long_enter=[0], levels={0: levels}, size=size), told)
    assert played.decided == [(0, Move.NONE, reason)]
    assert played.fills == []


def test_without_equity_nothing_is_opened() -> None:
    """Where the equity is gone, entries are refused, also those that ask for a fixed amount."""
    bars = [FLAT, FLAT, (80, 80, 80, 80), FLAT]
    played = play(columns(bars, long_enter=[0, 3], long_exit=[1], size=100), UNITS, capital=1000)
    assert played.decided[-1] == (3, Move.NONE, Reason.NO_SIZE)
    assert played.equity[3] == -1000


def test_all_that_there_is_can_be_spent() -> None:
    """On spot, 100 % of the equity is affordable."""
    played = play(columns([(3, 3, 3, 3)] * 2, long_enter=[0], size=100), settings(may_borrow=False), capital=10)
    assert played.fills[0].quantity == pytest.approx(10 / 3)


def test_unknown_conditions_do_nothing() -> None:
    """A condition that is unknown acts like a false one, and does not contradict the other side's."""
    assert play(columns([FLAT] * 2, unknown=[0], long_enter=[0], short_enter=[0]), UNITS).decisions == []
    assert play(columns([FLAT] * 3, long_enter=[0], unknown=[1]), UNITS).decided == [(0, OPEN_LONG, Reason.ENTER)]


def test_slippage_makes_market_and_stop_fills_worse() -> None:
    """Slippage is paid on market fills and stops, on either side, and not on take-profits."""
    slipping = BRACKET._replace(slippage=0.5)
    bars = [FLAT, (100, 100, 97, 100), (100, 100, 100, 100), (100, 104, 100, 100), FLAT]
    played = play(columns(bars, long_enter=[0, 1], levels={0: (104, 97), 1: (104, 97)}), slipping)
    assert [f.price for f in played.fills] == [100.5, 96.5, 100.5, 104.0]
    short = play(columns([FLAT] * 3, short_enter=[0], short_exit=[1]), UNITS._replace(slippage=0.5))
    assert [f.price for f in short.fills] == [99.5, 100.5]


def test_commission_is_a_share_of_each_fill() -> None:
    """Each fill costs its share of the traded value, of the price it filled at."""
    table = columns([FLAT, FLAT, (110, 110, 110, 110)], long_enter=[0], long_exit=[1], size=2)
    played = play(table, UNITS._replace(taker=0.001, maker=0.001))
    assert [f.fee for f in played.fills] == pytest.approx([0.2, 0.22])
    assert float(played.state.position["cash"][0]) == pytest.approx(10_000 + 20 - 0.42)


def test_percent_is_of_the_equity_at_the_signals_close() -> None:
    """A size in percent is of equity and price at the close that decides, rounded down to the lot."""
    bars = [FLAT, FLAT, (100, 120, 100, 120), (150, 150, 150, 150)]
    played = play(columns(bars, long_enter=[0], short_enter=[2], size=50), settings(lot=0.1), capital=1000)
    assert [f.quantity for f in played.fills] == [5.0, 5.0, 4.5]  # 1100 / 2 / 120 = 4.58


def test_a_decision_says_what_was_decided() -> None:
    """A decision holds the bar's open time, the close, the size as the rule says it, and the levels on ticks."""
    rounding = settings(take_profit=True, stop_loss=True, tick=0.5)
    table = columns([FLAT], long_enter=[0], levels={0: (104.3, 96.8)}, size=12.5)
    expected = Decision(0, OPEN_LONG, Reason.ENTER, 100.0, 12.5, 104.5, 97.0, side=1)
    assert play(table, rounding).decisions == [expected]


def test_only_the_entry_of_that_bar_is_voided() -> None:
    """Undoing an entry by its bar leaves alone an entry that was decided on another bar."""
    state = play(columns([FLAT] * 3, long_enter=[1]), UNITS).state
    before = state_to_json(state)
    assert not void_entry(state, 0)
    assert state_to_json(state) == before
    assert void_entry(state, STEP_MS)
    assert int(state.position["side"][0]) == 0


def test_voiding_a_reversal_keeps_its_close() -> None:
    """Undoing the entry of a reversal leaves the close of the former position waiting."""
    state = play(columns([FLAT] * 2, long_enter=[0], short_enter=[1]), UNITS).state
    assert void_entry(state, STEP_MS)
    assert play(columns([FLAT]), UNITS, state=state).story == [(0, CLOSE_LONG, 100.0)]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"cash": 1}', state_to_json(new_state(1)).replace("1.0", '"1"', 1)]
)
def test_a_damaged_state_is_refused(text: str) -> None:
    """A text that is not a state of this version is an error, never an empty state."""
    with pytest.raises(ValueError, match=r".+"):
        state_from_json(text)


def test_a_state_with_a_nested_value_is_refused() -> None:
    """A state in which a field holds something else than a number is an error."""
    for value in ("{}", "[1]", "true", '"long"'):
        with pytest.raises(ValueError, match="not a machine's state"):
            state_from_json(state_to_json(new_state(1.0)).replace('"side": 0', f'"side": {value}'))
    with pytest.raises(ValueError, match=r".+"):
        state_from_json(state_to_json(new_state(1.0)).replace('"side": 0', '"side": null'))


def test_a_state_from_before_bindings_is_read() -> None:
    """What was open of each entry belongs to it."""
    state = new_state(100.0)
    state.position["entries"] = state.position["bindings"] = 1
    for name, value in (("decided", 7), ("quantity", 2.0), ("initial", 3.0)):
        state.entries[name][0] = state.bindings[name][0] = value
    parts = json.loads(state_to_json(state))
    del parts["bindings"]
    for name in ("bindings", "marked", "call"):
        del parts["position"][name]
    assert state_to_json(state_from_json(json.dumps(parts))) == state_to_json(state)
