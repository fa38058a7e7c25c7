"""Expected and sent messages side by side."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.expected_messages import Expectation, Sent, different, pairs_of

BARS, ACTIONS, PERCENTS = st.integers(0, 3), st.sampled_from(["buy", "sell"]), st.sampled_from(["25", "50.5"])


def sent(bar: int, action: str, percent: str = "25") -> Sent:
    return Sent(bar, bar * 60_000, {"action": action, "percent": percent})


def expected(bar: int | None, action: str, percent: str | None = None) -> Expectation:
    return Expectation(bar, {"action": action, **({"percent": Decimal(percent)} if percent else {})})


@given(
    one=st.lists(st.builds(expected, st.none() | BARS, ACTIONS, st.none() | PERCENTS), max_size=6),
    other=st.lists(st.builds(sent, BARS, ACTIONS, PERCENTS), max_size=6),
)
def test_all_are_good_only_where_each_is_sent_in_turn(one: list[Expectation], other: list[Sent]) -> None:
    """Nothing is lost, doubled or moved; and all is good exactly where both lists agree place by place."""
    pairs = pairs_of(one, other)
    assert [pair.expected for pair in pairs if pair.expected] == one
    assert [pair.sent for pair in pairs if pair.sent] == other
    in_turn = len(one) == len(other) and not any(map(different, one, other))
    assert all(pair.good for pair in pairs) == in_turn
    for pair in pairs:
        assert pair.expected or pair.sent
        if pair.expected and pair.sent:
            assert pair.different == different(pair.expected, pair.sent)


def test_one_message_too_many_is_the_only_difference() -> None:
    """Messages that follow an unexpected or a missing one are still put beside their own."""
    all_sent = [sent(1, "buy"), sent(2, "sell"), sent(3, "buy"), sent(4, "sell")]
    wanted = [expected(1, "buy"), expected(3, "buy"), expected(4, "sell", "50")]
    verdicts = [(bool(p.expected), bool(p.sent), p.different) for p in pairs_of(wanted, all_sent)]
    assert verdicts == [(True, True, ()), (False, True, ()), (True, True, ()), (True, True, ("percent",))]
    missing = pairs_of([expected(1, "buy"), expected(2, "sell"), expected(3, "buy")], [all_sent[0], all_sent[2]])
    assert [pair.sent is None for pair in missing] == [False, True, False]


@pytest.mark.parametrize(
    ("written", "value", "equal"),
    [
        ("104.2", "104.23", True),
        ("104.20", "104.23", False),
        ("104.20", "104.2", True),
        ("104", "104.4", True),
        ("104", "105", False),
        ("1E+3", "1000", True),
        ("1E+3", "1001", False),
        ("0.00009", "0.00009", True),
    ],
)
def test_numbers_are_compared_to_the_digits_that_are_written(written: str, value: str, equal: bool) -> None:
    """A number is as expected where it is nearest to the digits that stand in the file."""
    assert (not different(expected(None, "buy", written), sent(0, "buy", value))) == equal


def test_a_field_that_is_not_sent_is_different() -> None:
    """An expected field that the message does not have differs; a sent one that is not expected does not."""
    assert different(Expectation(None, {"action": "buy", "profit": Decimal(1)}), sent(0, "buy")) == ("profit",)


def test_thousands_of_differing_messages_are_compared_at_once() -> None:
    """A long list is compared place by place, with what is over at its end."""
    pairs = pairs_of([expected(None, "buy")] * 1500, [sent(i, "sell") for i in range(1400)])
    assert len(pairs) == 1500
    assert sum(pair.sent is None for pair in pairs) == 100
