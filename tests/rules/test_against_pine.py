"""What is not an indicator, beside PyneCore: rounding, sums, the calendar, remainders, comparisons."""

from __future__ import annotations

import numpy as np

from engine.market import Bars, Timeframe
from engine.rules.single import plan_text
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine

# Pine as PyneCore takes it; what the rule language writes is the same but for `gappy` and `up`.
TO_THE_BIT = [
    "math.round(close)",
    "math.round(100 - close)",
    "math.round(close - 100, 2)",
    "math.round((close - 100) * 0.35, 3)",
    "math.round(close, 0)",
    "math.round(close, -2)",
    "math.round(close / 7, 25)",
    "math.round_to_mintick(close / 3e6)",
    "math.round_to_mintick((100 - close) / 3e7)",
    "math.avg(close, open)",
    "math.avg(close, open, high, low)",
    "math.max(close, gappy)",
    "math.min(close, open, high)",
    "math.ceil(close - 100)",
    "math.floor(100 - close)",
    "math.sign(close - 100)",
    "math.sqrt(close - 100)",
    "math.todegrees(close)",
    "math.toradians(close)",
    "math.phi",
    "math.rphi",
    "fixnan(gappy)",
    "nz(gappy)",
    "nz(gappy, 7)",
    "(close - 100) * 10 % 3",
    "(close - 100) % -0.7",
    "bar_index",
    "time",
    "time_close",
    "year",
    "month",
    "weekofyear",
    "dayofmonth",
    "dayofweek",
    "dayofweek.monday",
    "dayofweek(time)",
    "hour",
    "hour(time, 'America/New_York')",
    "minute",
    "second",
    "timeframe.multiplier",
    "close == close + 1e-10",
    "close < close + 1e-10",
    "close < close + 1.1e-10",
    "close >= close + 1e-10",
    "up == (open < close)",
    "up != (close > 100)",
]
CLOSELY = [
    *("math.sum(close, 3)", "math.sum(gappy, 4)", "math.acos((close - 100) / 100)", "math.asin((close - 100) / 50)"),
    *("math.atan(close - 100)", "math.cos(close)", "math.sin(close)", "math.tan(close)", "math.exp(close - 100)"),
    *("math.log(close - 100)", "math.log10(close)", "math.pow(close, 0.3)", "math.pow(100 - close, 3)"),
]


def _bars() -> Bars:
    """Give 80 bars, 41 hours apart, that close on half cents, some of them na to `gappy`."""
    bars = walk(80, 3)
    time = 1_703_001_600_000 + np.arange(len(bars), dtype=np.int64) * 41 * 3_600_000
    volume = np.random.default_rng(1).choice([10.0, 20.0, 30.0], len(bars))
    return Bars(Timeframe(1, "h"), time, bars.open, bars.high, bars.low, np.round(bars.close * 200) / 200, volume)


def test_values_are_those_of_pine() -> None:
    """Each gives PyneCore's value on every bar: to the bit, or to 1e-12 where its mathematics is not the machine's."""
    bars = _bars()
    wrong = []
    for expression, wanted in zip([*TO_THE_BIT, *CLOSELY], pine([*TO_THE_BIT, *CLOSELY], bars), strict=True):
        text = expression.replace("gappy", "(volume >= 20 ? close : na)").replace("up", "(close > open)")
        plan = plan_text(text, mintick=1e-8)
        values = plan.evaluate(bars)["value"] / (2.0 if plan.outputs["value"].kind.name == "CONDITION" else 1.0)
        tolerance = 0.0 if expression in TO_THE_BIT else 1e-12
        if not np.allclose(values, wanted, rtol=tolerance, atol=0.0, equal_nan=True):
            wrong.append(expression)
    assert not wrong
