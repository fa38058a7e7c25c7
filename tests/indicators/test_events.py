"""Events, crossings, streaks and pivot levels against PyneCore and their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.indicators import FALSE, TA, TRUE, UNKNOWN, Kind, Truth
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.single import plan_text
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine
from tests.indicators.test_extremes import gappy, rough_market, run

NAN = math.nan
CROSSES = ("cross", "crossover", "crossunder")
TYPES = ("Traditional", "Fibonacci", "Woodie", "Classic", "DM", "Camarilla")
truths = st.lists(st.sampled_from([FALSE, UNKNOWN, TRUE]), max_size=60).map(lambda x: np.array(x, dtype=np.int8))


def _truth(condition: NDArray[np.bool_]) -> Truth:
    return np.where(condition, np.int8(TRUE), np.int8(FALSE))


def _compare(asked: dict[str, tuple[object, ...]], bars: Bars) -> None:
    """Compare each call of ours with PyneCore's expression; a condition is 1 where it is TRUE."""
    for (text, (name, *arguments)), theirs in zip(asked.items(), pine(list(asked), bars), strict=True):
        values, known = run(str(name), *arguments), theirs
        if TA[str(name)].result is Kind.CONDITION:
            values, known = np.where(values == TRUE, 1.0, 0.0), np.nan_to_num(theirs)
        np.testing.assert_allclose(values, known, rtol=1e-12, atol=0, equal_nan=True, err_msg=text)


def test_pynecore_agrees() -> None:
    """Events, crossings and streaks equal PyneCore's, on plateaus, gaps, tiny and huge prices."""
    bars = rough_market(100.0, 1e-7, 1e12)
    gaps, up = gappy(bars), _truth(bars.close > bars.open)
    asked: dict[str, tuple[object, ...]] = {"ta.barssince(up)": ("barssince", up)}
    before = np.concatenate([[NAN] * 3, bars.open[:-3]])
    for name in CROSSES:
        asked[f"ta.{name}(close, open)"] = (name, bars.close, bars.open)
        asked[f"ta.{name}(gappy, open[3])"] = (name, gaps, before)
    for length in (1, 2, 3):
        for name in ("rising", "falling"):
            asked[f"ta.{name}(gappy, {length})"] = (name, gaps, length)
    for occurrence in (0, 1, 4):
        asked[f"ta.valuewhen(up, gappy, {occurrence})"] = ("valuewhen", up, gaps, occurrence)
    _compare(asked, bars)


def test_pynecore_agrees_on_the_smallest_steps() -> None:
    """A step of up to 1e-10 is none for cross, rising and falling, and one for crossover and crossunder."""
    bars = walk(275)
    steps = np.repeat([0.0, 4e-11, 1e-10, 1.1e-10, 1e-9], 55)
    wave = steps * np.tile([0, 1, 2, 2, 1, -1, 0, 0, 0, 0, 1], 25) - np.tile([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], 25)
    bars = Bars(bars.timeframe, bars.time, np.zeros(275), wave + 1, wave - 1, wave, bars.volume)
    asked: dict[str, tuple[object, ...]] = {f"ta.{name}(close, open)": (name, wave, bars.open) for name in CROSSES}
    for name in ("rising", "falling"):
        for length in (1, 2):
            asked[f"ta.{name}(close, {length})"] = (name, wave, length)
    _compare(asked, bars)


def test_cross_remembers_the_side_beyond_a_plateau() -> None:
    """From below, equal, then above is a cross; from the start equal, or back to where it came from, is none."""
    a = np.array([1.0, 1.0, 2.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    assert (run("cross", a, np.ones(8)) == TRUE).tolist() == [False, False, False, False, False, True, False, False]


@settings(max_examples=100, deadline=None)
@given(condition=truths, occurrence=st.integers(0, 4))
def test_events_equal_their_definition(condition: Truth, occurrence: int) -> None:
    """Only TRUE is an event; the source is that of the event so many before the last one."""
    source = walk(60).close[: len(condition)]
    since, values = run("barssince", condition), run("valuewhen", condition, source, occurrence)
    for i in range(len(condition)):
        events = [k for k in range(i + 1) if condition[k] == TRUE]
        np.testing.assert_equal(since[i], i - events[-1] if events else NAN)
        np.testing.assert_equal(values[i], source[events[-1 - occurrence]] if len(events) > occurrence else NAN)


@settings(max_examples=100, deadline=None)
@given(source=st.lists(st.sampled_from([NAN, 1.0, 2.0, 3.0]), max_size=40), length=st.integers(1, 6))
def test_a_streak_is_all_of_its_steps(source: list[float], length: int) -> None:
    """Rising is the `and` of the last steps: one that is not up denies it, else one from or to na leaves it unknown."""
    falls = run("falling", -np.array(source, dtype=np.float64), length)
    steps: list[int] = []
    for i, (value, fallen) in enumerate(
        zip(run("rising", np.array(source, dtype=np.float64), length), falls, strict=True)
    ):
        step = source[i] - source[i - 1] if i else NAN
        steps.append(UNKNOWN if math.isnan(step) else TRUE if step > 0 else FALSE)
        assert value == fallen == min([*steps[-length:], *([UNKNOWN] if i + 1 < length else [])])


def test_what_is_far_in_the_past_matters_only_through_events() -> None:
    """Begun later, events give the same from the first bar on that has had enough of them."""
    condition, source = _truth(walk(2000).close > walk(2000).open * 1.01), walk(2000, 2).close
    events = np.flatnonzero(condition == TRUE)
    start, enough = int(events[10]), int(events[12])
    for name, arguments in (("barssince", ()), ("valuewhen", (source,))):
        rest = (2,) if arguments else ()
        whole = run(name, condition, *arguments, *rest)
        again = run(name, condition[start:].copy(), *(a[start:].copy() for a in arguments), *rest)
        np.testing.assert_array_equal(again[enough - start :], whole[enough:])


def _levels(kind: str, o: float, h: float, l: float, c: float, opened: float) -> list[float]:  # noqa: E741
    """Give TradingView's published formulas as they are written in its help, Pivot Points Standard."""
    pp, d = (h + l + c) / 3, h - l
    published: dict[str, Callable[[], list[float]]] = {
        "Traditional": lambda: [
            pp, pp * 2 - l, pp * 2 - h, pp + d, pp - d, pp * 2 + (h - 2 * l), pp * 2 - (2 * h - l),
            pp * 3 + (h - 3 * l), pp * 3 - (3 * h - l), pp * 4 + (h - 4 * l), pp * 4 - (4 * h - l),
        ],
        "Fibonacci": lambda: [pp, *(pp + k * d for k in (0.382, -0.382, 0.618, -0.618, 1, -1))],
        "Woodie": lambda: _woodie((h + l + 2 * opened) / 4, h, l),
        "Classic": lambda: [pp, 2 * pp - l, 2 * pp - h, *(pp + k * d for k in (1, -1, 2, -2, 3, -3))],
        "DM": lambda: _demark(h + l + 2 * c if o == c else 2 * h + l + c if c > o else 2 * l + h + c, h, l),
        "Camarilla": lambda: [
            pp, *(c + k * 1.1 * d for k in (1 / 12, -1 / 12, 1 / 6, -1 / 6, 1 / 4, -1 / 4, 1 / 2, -1 / 2)),
            h / l * c, c - (h / l * c - c),
        ],
    }  # fmt: skip
    levels = published[kind]()
    return levels + [NAN] * (11 - len(levels))


def _woodie(pp: float, h: float, l: float) -> list[float]:  # noqa: E741 - as the formulas have it
    third, below = h + 2 * (pp - l), l - 2 * (h - pp)
    return [pp, pp * 2 - l, pp * 2 - h, pp + (h - l), pp - (h - l), third, below, third + (h - l), below - (h - l)]


def _demark(x: float, h: float, l: float) -> list[float]:  # noqa: E741 - as the formulas have it
    return [x / 4, x / 2 - l, x / 2 - h]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("developing", [False, True])
def test_pivot_levels_equal_the_published_formulas(kind: str, developing: bool) -> None:
    """At an anchor they are those of the period it ends, and stay; developing, those of the period up to each bar."""
    bars = walk(200, 6)
    anchor = np.zeros(200, dtype=np.int8)
    anchor[[7, 30, 31, 90, 150]] = TRUE
    anchor[60] = UNKNOWN
    values = np.array(
        TA["pivot_point_levels"].kernel(bars.open, bars.high, bars.low, bars.close, anchor, kind, developing)
    )
    anchors = [0, *np.flatnonzero(anchor == TRUE).tolist()]
    for i in range(200):
        passed = [at for at in anchors if at <= i]
        begin, end = (passed[-1], i + 1) if developing else (passed[-2], passed[-1]) if len(passed) > 1 else (0, 0)
        expected = [NAN] * 11
        if end > begin and not (developing and kind == "Woodie"):
            period = bars[begin:end]
            opened = NAN if developing else bars.open[end]
            expected = _levels(kind, period.open[0], max(period.high), min(period.low), period.close[-1], opened)
        np.testing.assert_allclose(values[:, i], expected, rtol=1e-12, equal_nan=True)


def test_pynecore_agrees_on_pivot_levels() -> None:
    """Where PyneCore has a level by the published formula, ours is the same, from the first anchor on."""
    bars = rough_market(100.0)
    lacks = {
        "Traditional": {7, 8, 9, 10},
        "Woodie": {7, 8},
        "Classic": {5, 6, 7, 8},  # and takes R3 and S3 from Traditional
        "Camarilla": {9, 10},
    }
    asked = [
        (kind, developing, k)
        for kind in TYPES
        for developing in (False, True)
        for k in range(11)
        if k not in lacks.get(kind, ()) and (not developing or kind in {"Traditional", "DM"})
    ]
    anchor = _truth(np.arange(len(bars)) % 24 == 5)
    texts = [
        f'ta.pivot_point_levels("{kind}", bar_index % 24 == 5, {developing})[{k}]' for kind, developing, k in asked
    ]
    read = (bars.open, bars.high, bars.low, bars.close)
    for (kind, developing, k), text, theirs in zip(asked, texts, pine(texts, bars), strict=True):
        ours = TA["pivot_point_levels"].kernel(*read, anchor, kind, developing)[k]  # type: ignore[index]  # a tuple
        np.testing.assert_allclose(ours[5:], theirs[5:], rtol=1e-12, equal_nan=True, err_msg=text)


def test_daily_pivots_need_two_days() -> None:
    """Begun anywhere, levels of the day before are right once the warm-up has passed: two days of bars."""
    bars = sample_bars("BTC/USDT", Timeframe(15, "m"), SAMPLE_START_MS, 2000)
    plan = plan_text('ta.pivot_point_levels("Classic", session.isfirstbar).S3', Timeframe(15, "m"))
    assert 2 * 96 - 1 <= plan.warmup <= 2 * 96
    whole = plan.evaluate(bars)["value"]
    for start in np.random.default_rng(1).integers(1, 1700, 20):
        again = plan.evaluate(bars[start : start + 300])["value"]
        np.testing.assert_array_equal(again[plan.warmup :], whole[start + plan.warmup : start + 300])
