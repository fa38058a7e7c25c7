from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.delivery import Intent
from engine.webhook import client_order_id

Decision = dict[str, Any]

DECISION: Decision = {
    "strategy": "ema-cross",
    "symbol": "BTC/USDT:USDT",
    "timeframe": "1h",
    "candle_open_ms": 1735689600000,
    "intent": "open",
    "sequence": 0,
}
short = st.text(st.sampled_from("a1:,-"), max_size=4)
decisions = st.fixed_dictionaries(
    {
        "strategy": short,
        "symbol": short,
        "timeframe": short,
        "candle_open_ms": st.integers(0, 200),
        "intent": short,
        "sequence": st.integers(0, 20),
    }
)


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        ({}, "pw3yutqgerp0v25xoi650fqlj8e8j1ku"),
        ({"sequence": 1}, "jo077yf7o35rio9b5m9byk5791chycou"),
        ({"intent": "close"}, "finva30ppk7jorarga0b0xtyzwb3iops"),
        ({"candle_open_ms": 1735693200000}, "cnozaf9ee8uzuvnk3o2nsvdnshaissrk"),
        ({"timeframe": "4h"}, "gt0gbxddqoj4a6qffconpydivxc3hbb0"),
        ({"symbol": "ETH/USDT"}, "lh5snaam7rguusce5rkr86kvdu926u6a"),
        ({"strategy": "rsi-dip-λ"}, "b2jg1hi9b6uhwxq4sovevz1jxbzmnr6w"),
    ],
)
def test_the_id_of_a_decision_never_changes(change: Decision, recorded: str) -> None:
    """These ids were recorded; another one would be a second order for a decision that was sent before an update."""
    assert client_order_id(**{**DECISION, **change}) == recorded


@given(decisions)
def test_the_id_is_one_that_exchanges_take(decision: Decision) -> None:
    """An id is 32 lower-case letters and digits."""
    assert re.fullmatch(r"[0-9a-z]{32}", client_order_id(**decision))


@given(decisions, decisions)
def test_two_decisions_never_share_an_id(one: Decision, other: Decision) -> None:
    """Different decisions have different ids, even where their parts written one after another are the same text."""
    assume(one != other)
    assert client_order_id(**one) != client_order_id(**other)


def test_a_shifted_border_between_parts_is_another_id() -> None:
    """'ab' + 'c' and 'a' + 'bc' are two strategies on two symbols."""
    one: Decision = {**DECISION, "strategy": "ab", "symbol": "c"}
    other: Decision = {**DECISION, "strategy": "a", "symbol": "bc"}
    assert client_order_id(**one) != client_order_id(**other)


def test_an_intent_is_its_word() -> None:
    """The id is the same for an Intent and for its value as text."""
    assert client_order_id(**{**DECISION, "intent": Intent.OPEN}) == client_order_id(**DECISION)


def test_another_process_gives_the_same_id() -> None:
    """The id does not depend on the process: no hash seed goes into it."""
    code = f"from engine.webhook import client_order_id; print(client_order_id(**{DECISION!r}))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == client_order_id(**DECISION)
