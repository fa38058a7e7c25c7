"""The limits as a pure policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.live.safety import Limit, Limits, Situation, refusal

LIMITS = Limits(
    open_positions=3, messages_an_hour=10, day_loss_percent=5.0, day_loss_amount=400.0, stale_ms=60_000, clock_ms=2_000
)
CALM = Situation(day_equity=10_000.0, equity=10_000.0)

situations = st.builds(
    Situation,
    stopped=st.sampled_from(["", "by command"]),
    skew_ms=st.integers(-10_000, 10_000),
    stale=st.just("the candle of a"),
    stale_ms=st.integers(0, 200_000),
    positions=st.integers(0, 6),
    adds=st.booleans(),
    messages=st.integers(0, 20),
    wanted=st.integers(1, 2),
    day_equity=st.floats(1.0, 20_000.0),
    equity=st.floats(-1_000.0, 30_000.0),
)
limits = st.builds(
    Limits,
    open_positions=st.none() | st.integers(1, 5),
    messages_an_hour=st.none() | st.integers(1, 15),
    day_loss_percent=st.none() | st.floats(0.1, 100.0),
    day_loss_amount=st.none() | st.floats(1.0, 5_000.0),
    stale_ms=st.none() | st.integers(1, 100_000),
    clock_ms=st.none() | st.integers(1, 5_000),
)


@pytest.mark.parametrize(
    ("change", "limit", "told"),
    [
        ({"stopped": "by command at noon"}, Limit.STOPPED, "by command at noon"),
        ({"skew_ms": -2_500}, Limit.CLOCK, "-2.5 s off the exchange's, and 2 s"),
        ({"stale": "the candle of a", "stale_ms": 61_000}, Limit.STALE, "the candle of a is 61 s old, and 60 s"),
        ({"equity": 9_600.0}, Limit.DAY_LOSS, "400.00 are believed lost since midnight (UTC), and 400.00"),
        ({"day_equity": 2_000.0, "equity": 1_890.0}, Limit.DAY_LOSS, "5.50 % are believed lost"),
        ({"positions": 3}, Limit.OPEN_POSITIONS, "3 are open, and 3 are allowed"),
        (
            {"messages": 9, "wanted": 2},
            Limit.MESSAGES,
            "9 were sent in the last hour and 2 would be now, and 10 are allowed",
        ),
    ],
)
def test_each_limit_bites_by_its_name_and_tells_its_numbers(change: dict[str, Any], limit: Limit, told: str) -> None:
    """What goes beyond a limit is refused under that limit's name, with both numbers."""
    refused = refusal(LIMITS, replace(CALM, **change))
    assert refused is not None
    assert refused.limit is limit
    assert told in refused.why


@pytest.mark.parametrize(
    "change",
    [
        {"skew_ms": 2_000},
        {"stale_ms": 60_000},
        {"equity": 9_600.01},
        {"positions": 2},
        {"positions": 9, "adds": False},
        {"messages": 9},
        {"messages": 8, "wanted": 2},
    ],
)
def test_what_is_just_allowed_is_sent(change: dict[str, Any]) -> None:
    """At the limit, and for an entry that adds no position, nothing bites."""
    assert refusal(LIMITS, replace(CALM, **change)) is None


@given(situations)
def test_without_limits_only_a_stop_refuses(known: Situation) -> None:
    """What is not limited is allowed, whatever it is."""
    refused = refusal(Limits(), known)
    assert (refused is not None) == bool(known.stopped)


@given(limits, situations)
def test_a_worse_situation_is_never_allowed_where_a_better_one_is_not(allowed: Limits, known: Situation) -> None:
    """More positions, messages, age, loss or skew never turn a refusal into a yes."""
    worse = replace(
        known,
        positions=known.positions + 1,
        messages=known.messages + 1,
        stale_ms=known.stale_ms + 1,
        skew_ms=known.skew_ms + (1 if known.skew_ms >= 0 else -1),
        equity=known.equity - 1.0,
    )
    if refusal(allowed, known) is not None:
        assert refusal(allowed, worse) is not None


@given(limits, situations)
def test_a_limit_is_named_only_where_it_was_given(allowed: Limits, known: Situation) -> None:
    """The name of a refusal is that of a limit that is set."""
    refused = refusal(allowed, known)
    given_ones = {
        Limit.STOPPED: bool(known.stopped),
        Limit.CLOCK: allowed.clock_ms is not None,
        Limit.STALE: allowed.stale_ms is not None,
        Limit.DAY_LOSS: allowed.day_loss_percent is not None or allowed.day_loss_amount is not None,
        Limit.OPEN_POSITIONS: allowed.open_positions is not None,
        Limit.MESSAGES: allowed.messages_an_hour is not None,
    }
    assert refused is None or given_ones[refused.limit]
