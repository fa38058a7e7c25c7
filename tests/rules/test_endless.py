"""Which values depend on the candle that counting began with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from structlog.testing import capture_logs

from engine.app.observers import LogObserver
from engine.decisions import Costs
from engine.indicators import FALSE, TA, TRUE, UNKNOWN, Endless, Follows, Kind
from engine.live import Session
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import warnings_of
from engine.rules.single import plan_text
from tests.cli.program import signal_engine
from tests.indicators.kernels import constants_of, series_of
from tests.rules.files import rule_with, spoilt

SAFE = [
    "ta.obv - ta.obv[5]",
    "ta.obv > ta.sma(ta.obv, 20)",
    "ta.crossover(ta.obv, ta.ema(ta.obv[1], 9))",
    "ta.change(ta.ema(ta.obv, 9), 3)",
    "ta.rsi(ta.obv, 14) > 50",
    "-2 * ta.obv + ta.obv / 0.5",
    "ta.cum(volume) - ta.cum(volume)[10]",
    "(close > open ? ta.obv : ta.obv[1]) >= ta.obv[2]",
    "math.max(ta.obv, ta.obv[1]) - ta.obv",
    "(close > open ? ta.obv : na) - ta.obv",
    "0 * ta.obv + close",
    "na(ta.obv)",
    "ta.nvi > ta.ema(ta.nvi, 25)",
    "ta.nvi / ta.nvi[1] > 1.001",
    "math.sign(ta.change(ta.nvi)) + math.abs(ta.pvi) / ta.pvi",
    "math.max(ta.change(ta.nvi), 0) / ta.nvi",
    "bar_index - bar_index[5]",
    "ta.change(bar_index) > 0",
    "math.avg(ta.obv, ta.obv[1]) - ta.obv",
    "ta.vwap > close",
    "ta.mfi(close, 14)",
]
LEAKING = [
    "ta.obv",
    "ta.obv > 0",
    "ta.obv * close",
    "ta.obv % 7",
    "ta.obv > ta.accdist",
    "2 * ta.obv > ta.obv[1]",
    "math.abs(ta.obv)",
    "1 / ta.obv",
    "ta.cum(ta.obv) - ta.cum(ta.obv)[1]",
    "ta.crossover(ta.obv, close)",
    "close > open ? ta.obv : close",
    "bar_index > 100",
    "bar_index % 4 == 0",
    "math.sum(ta.obv, 5) > 0",
    "ta.nvi",
    "ta.nvi - 1 > 0",
    "ta.nvi * ta.obv > 0",
    "ta.nvi > ta.pvi",
    "ta.ema(ta.obv > 0 ? 1 : 0, 3)",
]


@pytest.mark.parametrize("expression", SAFE)
def test_what_has_lost_its_beginning_is_not_warned_about(expression: str) -> None:
    """Differences, ratios, and comparisons of a total with itself need no warning."""
    assert warnings_of(plan_text(expression)) == []


@pytest.mark.parametrize("expression", LEAKING)
def test_what_keeps_its_beginning_is_warned_about(expression: str) -> None:
    """A value in which the first candle is left, in whatever way, is named with the call that brought it in."""
    warnings = warnings_of(plan_text(expression))
    assert warnings
    assert all(warning.startswith("value: the candle that ") for warning in warnings)


def test_the_warning_names_outputs_and_call_once() -> None:
    """However often a total is used, there is one sentence for it, with the outputs that depend on it."""
    assert warnings_of(rule_with("ta.obv > 0 and ta.obv < 10 and ta.pvt > ta.pvt[1]").plan()) == [
        "long.enter: the candle that ta.obv began with matters, and live and backtest begin with different ones; use "
        "its changes, as in ta.obv - ta.obv[20], or compare it with itself, as in ta.obv > ta.sma(ta.obv, 20)"
    ]


def test_a_count_of_bars_is_used_for_distances() -> None:
    """`bar_index` is warned about where its size matters, and with a valuewhen only that one looks back without end."""
    (warning,) = warnings_of(plan_text("bar_index > 100"))
    assert warning == (
        "value: the candle that bar_index began with matters, and live and backtest begin with different ones; use "
        "distances, as in bar_index - ta.valuewhen(condition, bar_index, 0)"
    )
    (warning,) = warnings_of(plan_text("bar_index - ta.valuewhen(close > open, bar_index, 0) > 3"))
    assert warning.startswith("ta.valuewhen(condition, source, 0) looks back as far as it has to")


def test_filling_looks_back_as_far_as_it_has_to() -> None:
    """`fixnan`, of numbers and of conditions, tells how many candles are taken."""
    for text in ("fixnan(ta.pivothigh(3, 3)) > close", "fixnan(close > close[1])"):
        (warning,) = warnings_of(plan_text(text))
        assert warning.startswith("fixnan(source) looks back as far as it has to: the last 1,000 candles")


def test_events_say_how_far_is_looked() -> None:
    """What waits for an event tells how many candles are taken; anchored to the day it needs no such sentence."""
    (warning,) = warnings_of(plan_text("ta.barssince(close > open) > 5"))
    bars = f"{TA['barssince'].memory():,}"
    assert warning == (
        f"ta.barssince(condition) looks back as far as it has to: the last {bars} candles are taken, and an older "
        "event is missed"
    )
    assert len(warnings_of(plan_text("ta.vwap(close, close > open) > 5"))) == 1
    assert warnings_of(plan_text("ta.vwap(close, session.isfirstbar) > 5")) == []


_TOTALS = st.sampled_from(["ta.obv", "bar_index", "ta.cum(volume)", "ta.wad", "ta.pvt", "ta.nvi", "ta.accdist"])
_ONE = st.one_of(
    st.sampled_from(["ta.sma({0}, 5)", "ta.ema({0}, 4)", "ta.highest({0}, 6)", "{0}[3]", "-{0}", "{0} * 3", "{0} / 4"]),
    st.sampled_from(
        ["({0})", "ta.change({0}, 2)", "ta.rsi({0}, 5)", "ta.cum({0})", "math.abs({0})", "math.max({0}, 0)"]
    ),
)
_TWO = st.one_of(
    st.sampled_from(["({0} - {1})", "({0} + {1})", "({0} * {1})", "({0} / {1})", "math.max({0}, {1})"]),
    st.sampled_from(["(close > open ? {0} : {1})", "({0} > {1} ? 1 : 2)", "(ta.crossover({0}, {1}) ? 1 : 0)"]),
    st.just("ta.valuewhen(close > open, {0}, 0) - {1}"),
)


@st.composite
def _expressions(draw: DrawFn, depth: int = 3) -> str:
    """Make an expression of one total, and more of it, so that beginnings cancel often."""
    if depth == 0:
        return draw(st.one_of(_TOTALS, st.just("ta.obv"), st.just("ta.nvi"), st.just("close")))
    if draw(st.booleans()):
        return draw(_ONE).format(draw(_expressions(depth - 1)))
    left = draw(_expressions(depth - 1))
    right = draw(st.one_of(_expressions(depth - 1), _ONE.map(lambda form: form.format(left))))
    return draw(_TWO).format(left, right)


@cache
def _sample(count: int) -> Bars:
    return sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), SAMPLE_START_MS, count)


def _alike(expression: str, start: int) -> bool:
    """Tell whether a restart agrees after the warm-up, but for the roundings of sums as large as those in it."""
    plan, bars = plan_text(expression), _sample(2600)
    whole, part = plan.evaluate(bars)["value"][start:], plan.evaluate(bars[start:])["value"]
    a, b = whole[plan.warmup :], part[plan.warmup :]
    size = float(np.nanmax(np.abs(whole), initial=0.0))
    return bool(np.all((np.abs(a - b) <= 1e-7 + 1e-6 * size) | (np.isnan(a) & np.isnan(b))))


@given(_expressions(), st.integers(1, 600))
@settings(max_examples=150, deadline=None, derandomize=True)  # at random one in thousands compares mere roundings
def test_what_is_judged_safe_agrees_after_a_restart(expression: str, start: int) -> None:
    """Begun at a later candle, a value without warning is the same once `warmup` candles have passed."""
    if not any("began with" in warning for warning in warnings_of(plan_text(expression))):
        assert _alike(expression, start), expression


@pytest.mark.parametrize("expression", SAFE)
def test_the_safe_examples_agree_after_a_restart(expression: str) -> None:
    """Begun at a later candle, each of the safe examples gives the same conditions and numbers."""
    plan, bars = plan_text(expression), _sample(1500)
    for start in (1, 77, 400):
        whole, part = plan.evaluate(bars)["value"][start:], plan.evaluate(bars[start:])["value"]
        np.testing.assert_allclose(part[plan.warmup :], whole[plan.warmup :], rtol=1e-7, atol=1e-7)


_LAWS = [name for name, function in TA.items() if function.follows is not Follows.NOTHING]


@pytest.mark.parametrize("name", _LAWS)
def test_functions_follow_as_they_say(name: str) -> None:
    """Moved by b, and stretched by a where no candles are read besides, the values are what `follows` says."""
    function, bars = TA[name], _sample(400)
    constants, series = constants_of(function, 5, 1.5), series_of(function, bars)
    read = [getattr(bars, column) for column in function.reads]
    stretch = 1.0 if function.reads else 4.0
    moved = [s * stretch + 4096.0 if s.dtype == np.float64 else s for s in series]
    before, after = (function.kernel(*read, *given, *constants) for given in (series, moved))
    for one, other in zip(*(v if isinstance(v, tuple) else (v,) for v in (before, after)), strict=True):
        if function.result is Kind.CONDITION:
            assert set(np.unique(one)) <= {FALSE, UNKNOWN, TRUE}
            np.testing.assert_array_equal(one, other)
        else:
            factor = 1.0 if function.follows is Follows.SHAPE else stretch
            offset = 4096.0 if function.follows is Follows.LEVEL else 0.0
            np.testing.assert_allclose(other, one * factor + offset, rtol=1e-6, atol=1e-6)


def test_totals_add_and_products_multiply() -> None:
    """These are the totals and the products; that they behave like that is tested in tests/indicators/test_memory."""
    assert {n for n, f in TA.items() if f.endless is Endless.SUM} == {"obv", "accdist", "pvt", "wad", "cum"}
    assert {n for n, f in TA.items() if f.endless is Endless.PRODUCT} == {"nvi", "pvi"}


def test_check_prints_warnings_and_ends_with_0(tmp_path: Path) -> None:
    """`check` finds such a file good, and says on standard error what depends on the first candle."""
    rule = tmp_path / "total.yaml"
    rule.write_text(spoilt(("ta.crossover(fast_ma, slow_ma)", "ta.obv > 0")))
    ran = signal_engine("check", rule)
    assert ran.returncode == 0
    assert "good." in ran.stdout
    assert ran.stderr.startswith(f"{rule}: warning: long.enter: the candle that ta.obv began with matters")


def test_run_logs_warnings_when_a_route_is_ready() -> None:
    """The log of `run` holds the same sentence, with its route, once a route starts."""
    rule = rule_with("ta.obv > 0")
    session = Session("total X 1h", "paper", rule, sample_instrument("X"), Costs())
    with capture_logs() as logs:
        LogObserver().ready(session, 0, None)
    warned = [log for log in logs if log["log_level"] == "warning"]
    assert [log["event"] for log in warned] == warnings_of(session.plan)
    assert warned[0]["route"] == "total X 1h"
