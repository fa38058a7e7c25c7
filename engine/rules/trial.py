"""Calls of pandas-ta tried out on the sample market: what they give, and the verdict on what they do with time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from engine.errors import InvalidInputError
from engine.indicators.catalogue import CatalogueCall
from engine.indicators.verdict import Run, Verdict, judge
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.nodes import Node
from engine.rules.plan import Plan
from engine.rules.security import on_own_bars

FIRST = 1000  # bars of the sample that tell an indicator's outputs


@lru_cache(maxsize=16)
def trial(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe, size: int) -> Run:
    """Give the call on `size` bars of the sample market, after those that its arguments need to warm up."""
    asked = Plan.of(dict(zip(called.columns, series, strict=True)))
    given = on_own_bars(asked.nodes, series) if asked.feeds else series
    plan = Plan.of(dict(zip(called.columns, given, strict=True)))
    bars = _sample(timeframe, plan.warmup + size)
    values = {name: column[plan.warmup :] for name, column in plan.evaluate(bars).items()}
    times = bars.time[plan.warmup :]
    done: dict[tuple[int, int], Mapping[str, Column]] = {}

    def run(start: int, stop: int) -> Mapping[str, Column]:
        if (start, stop) not in done:
            part = {name: column[start:stop] for name, column in values.items()}
            done[start, stop] = called.run(times[start:stop], part)
        return done[start, stop]

    return run


@lru_cache(maxsize=4096)
def measured(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe, output: str) -> Verdict:
    """Give the verdict on an output, measured with these very arguments. Errors: InvalidInputError."""
    return judge(lambda size: trial(called, series, timeframe, size), output)


def first_outputs(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe) -> Mapping[str, Column]:
    """Give what the call gives on FIRST bars, in pandas-ta's order. Errors: InvalidInputError."""
    return trial(called, series, timeframe, FIRST)(0, FIRST)


def without_effect(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe) -> str:
    """Give the argument that pandas-ta ignores, such as "length=0"; "" where there is none."""
    whole = first_outputs(called, series, timeframe)
    for name, value in called.constants:
        if not isinstance(value, (str, bool)) and value <= 0 and name != "offset":
            less = CatalogueCall(called.name, called.columns, tuple(c for c in called.constants if c[0] != name))
            if same(whole, first_outputs(less, series, timeframe)):
                return f"{name}={value:g}"
    return ""


def fails_on(called: CatalogueCall, series: tuple[Node, ...], timeframe: Timeframe, count: int) -> bool:
    """Tell whether the first `count` bars of the sample market are too few for the call."""
    try:
        trial(called, series, timeframe, FIRST)(0, count)
    except InvalidInputError:
        return True
    return False


def same(a: Mapping[str, Column], b: Mapping[str, Column]) -> bool:
    """Tell whether two runs gave the same outputs, to the bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


@lru_cache(maxsize=8)
def _sample(timeframe: Timeframe, count: int) -> Bars:
    """Give hourly candles as if they were of `timeframe`: only their times matter, to what is anchored to days."""
    hourly = sample_bars("SAMPLE", Timeframe(1, "h"), SAMPLE_START_MS, count)
    start = timeframe.floor(SAMPLE_START_MS)
    time = np.array([timeframe.shift(start, i) for i in range(count)], dtype=np.int64)
    return Bars(timeframe, time, *hourly.columns())
