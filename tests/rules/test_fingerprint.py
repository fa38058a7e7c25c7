"""The fingerprint of a plan: what it holds, and which changes it sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Timeframe
from engine.rules.fingerprint import Fingerprint, _made_bars, differences, fingerprint
from engine.rules.single import plan_text

HOUR = Timeframe.parse("1h")


def _of(expression: str, timeframe: Timeframe = HOUR) -> Fingerprint:
    return fingerprint(plan_text(expression), timeframe)


def test_every_call_is_there_with_what_it_is_computed_from() -> None:
    """Calls are named by their whole text, innermost first; what only computes bar by bar is not there."""
    found = _of("ta.crossover(ta.ema(close - open, 5), ta.sma(close[2], 9)) and pandas_ta.bbands(hl2).BBU > 5")
    assert list(found) == [
        "ta.ema(-(close, open), 5)",
        "ta.sma(close[2], 9)",
        "ta.crossover(ta.ema(-(close, open), 5), ta.sma(close[2], 9))",
        "pandas_ta.bbands(close=hl2).BBU_5_2_0",
    ]
    assert _of("close > open") == {}


def test_the_values_are_what_numpy_says_of_the_column() -> None:
    """Count, mean, root mean square, and single values up to the last, of the values that are known."""
    bars = _made_bars(HOUR, 1_000)
    known = (bars.close[2:] + bars.close[1:-1] + bars.close[:-2]) / 3
    expected = [998, known.mean(), np.sqrt(np.mean(known**2)), *known[[249, 498, 747, 997]]]
    assert _of("ta.sma(close, 3)")["ta.sma(close, 3)"] == pytest.approx(expected, rel=1e-11)


def test_the_candles_are_the_same_forever() -> None:
    """They are made by whole numbers, so these are what every machine and every numpy gives; and they are candles."""
    bars = _made_bars(HOUR, 1_000)
    assert [float(column[-1]) for column in bars.columns()] == LAST
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()


LAST = [99961.6, 100009.7, 99932.1, 99946.3, 34.5]


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 6), by=st.sampled_from([1e-13, -1e-12, 1e-8, 1e-6, -0.5]))
def test_a_change_above_the_last_bits_is_a_difference(at: int, by: float) -> None:
    """Any number that moves by more than 1e-9 of its size is told, with both values; a smaller move is not."""
    before = _of("ta.rsi(close, 14)")
    ((text, golden),) = before.items()
    moved = [value * (1 + by) if i == at and value is not None else value for i, value in enumerate(golden)]
    lines = differences({text: moved}, before)
    assert bool(lines) == (abs(by) > 1e-9)
    if lines:
        assert lines[0].startswith("ta.rsi(close, 14): ")
        assert f"{golden[at]:.12g}" in lines[0]
        assert f"{moved[at]:.12g}" in lines[0]


def test_a_value_that_became_na_and_a_call_that_is_new() -> None:
    """na instead of a number is a difference; a call that was not kept is none."""
    now = _of("ta.rsi(close, 14)")
    kept = {text: [None if i == 4 else value for i, value in enumerate(golden)] for text, golden in now.items()}
    assert "a value was na and is " in differences(kept, now)[0]
    assert differences({}, now) == []
    assert differences({next(iter(now)): [1.0]}, now)


def test_long_lengths_are_seen_too() -> None:
    """A call that gives nothing on the first thousand candles is evaluated on more."""
    golden = _of("ta.sma(ta.sma(close, 5000), 5000)")
    assert list(golden.values())[-1][0] == 12_000 - 9_998


def test_shared_parts_do_not_explode() -> None:
    """The text of a deep expression is cut, and still tells two of them apart."""
    deep = "close"
    for _ in range(8):
        deep = f"ta.sma({deep} + {deep}, 2)"
    texts = list(_of(deep))
    assert len(set(texts)) == 8
    assert max(map(len, texts)) <= 120
