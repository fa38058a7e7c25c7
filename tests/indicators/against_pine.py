"""Our values beside PyneCore's, of several kinds of source at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.market import Bars
from engine.rules.single import plan_text
from tests.indicators.kernels import walk
from tests.indicators.oracle import pine

LENGTHS = (1, 2, 5, 14, 30, 99)
SIZES = {"close": 100.0, "gappy": 100.0, "low": 1.0, "open": 1e-7, "high": 1e12}
"""The sources, and how large they are at first. `gappy` is close, but na on every fifth bar or so."""
_OUTPUTS = {"[0]": ".macd", "[1]": ".signal", "[2]": ".hist"}


def _bars() -> Bars:
    """Give 300 bars whose columns are walks at ordinary, tiny and huge prices, and `low`: steps and standstill."""
    bars = walk(300, 3)
    tiny, huge, steps = (walk(300, seed, level=level).close for seed, level in ((4, 1e-7), (5, 1e12), (6, 100.0)))
    steps = np.round(steps)
    steps[60:100] = 101.0
    steps[170:] = 0.1
    volume = np.random.default_rng(2).choice([10.0, 20.0, 30.5, 40.0, 50.0], len(bars))
    return Bars(bars.timeframe, bars.time, tiny, huge, steps, bars.close, volume)


def _ours(expression: str) -> str:
    """Give what the rule language writes for an expression of the oracle."""
    text = expression.replace("gappy", "(volume >= 20 ? close : na)").replace("True", "true")
    for theirs, name in _OUTPUTS.items():
        if text.endswith(theirs) and text.startswith("ta.macd"):
            return text.removesuffix(theirs) + name
    return text


def check(written: Mapping[str, str]) -> None:
    """Hold each expression against PyneCore's value of what it means, to a relative 1e-9, na for na.

    Differences of averages may also differ by what is rounded off the prices.
    """
    bars = _bars()
    wrong = []
    for (expression, meaning), wanted in zip(written.items(), pine(list(written.values()), bars), strict=True):
        values = plan_text(_ours(expression)).evaluate(bars)["value"]
        size = next(size for source, size in SIZES.items() if f"({source}" in expression)
        atol = 1e-13 * size if expression.startswith("ta.macd") else 0.0
        if not np.allclose(values, wanted, rtol=1e-9, atol=atol, equal_nan=True):
            worst = np.nanmax(np.abs(values - wanted))
            wrong.append(f"{expression} against {meaning}: na differ, or by {worst}")
    assert not wrong, "\n".join(wrong)
