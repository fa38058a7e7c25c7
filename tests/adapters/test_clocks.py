from __future__ import annotations

import time

import pytest

from engine.adapters.clocks import SteppedClock, SystemClock


def test_the_system_clock_shows_milliseconds_since_the_epoch() -> None:
    """SystemClock agrees with time.time."""
    before = time.time_ns() // 1_000_000
    assert before <= SystemClock().now_ms() <= time.time_ns() // 1_000_000


def test_a_stepped_clock_runs_on_between_steps() -> None:
    """Between steps the stepped clock moves by the real time that passed, and by no more."""
    began = time.monotonic()
    clock = SteppedClock(1_000_000)
    time.sleep(0.02)
    shown = clock.now_ms()
    assert 1_000_020 <= shown <= 1_000_001 + (time.monotonic() - began) * 1000


def test_a_step_jumps_forward() -> None:
    """After step_to the clock shows that time."""
    clock = SteppedClock(0)
    clock.step_to(86_400_000)
    assert 86_400_000 <= clock.now_ms() < 86_401_000


def test_a_step_back_is_refused_and_changes_nothing() -> None:
    """A step to a time the clock is past raises ValueError and leaves it running."""
    clock = SteppedClock(5_000)
    with pytest.raises(ValueError, match="cannot be stepped back to 4999"):
        clock.step_to(4_999)
    assert clock.now_ms() >= 5_000


def test_reach_goes_forward_only() -> None:
    """Reaching a later time shows it; reaching one that has passed neither fails nor turns the clock back."""
    clock = SteppedClock(5_000)
    clock.reach(60_000)
    assert 60_000 <= clock.now_ms() < 70_000
    clock.reach(10_000)
    assert 60_000 <= clock.now_ms() < 70_000
