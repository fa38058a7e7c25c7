"""Our values against the columns that TradingView itself computed, through the rule language."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.indicators import TA, TRUE, Kind
from engine.market import Bars, Timeframe
from engine.rules.single import plan_text
from tests.shared import SHARED, require_shared

FOLDER = SHARED / "tradingview" / "indicators"
CANDLES = ("time", "open", "high", "low", "close", "volume")
# The charts' scripts plot calls on variables. With these lengths, and no other up to 60, the columns are what they are.
VARIABLES = {"ema1": "ta.ema(close, 5)", "ema2": "ta.ema(close, 11)", "(ema,": "(ta.ema(close, 20),"}
# The exports name some outputs otherwise than the rule language.
OUTPUTS = {".base": ".middle", ".dip": ".plus", ".dim": ".minus"}


def _files() -> list[Path]:
    return sorted(FOLDER.glob("*.csv")) if FOLDER.exists() else []


def _table(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def _columns() -> list[tuple[str, str]]:
    return [(path.name, head) for path in _files() for head in _table(path)[0] if head.lower() not in CANDLES]


def _time_ms(text: str) -> float:
    return float(text) * 1000 if text.isdigit() else datetime.fromisoformat(text).timestamp() * 1000


def _load(path: Path, head: str) -> tuple[Bars, NDArray[np.float64]]:
    heads, *rows = _table(path)
    at = {name.lower(): i for i, name in enumerate(heads)}
    candles = [[_time_ms(row[at["time"]]), *(float(row[at[name]]) for name in CANDLES[1:])] for row in rows]
    wanted = np.array([float(row[heads.index(head)]) for row in rows])
    return Bars.of(Timeframe(1, "h"), candles), wanted


def _expression(head: str) -> str:
    """Give what the rule language writes for a column's heading."""
    if match := re.fullmatch(r"(ta\.supertrend\(.*\))\.(up|down)", head):
        side = "<" if match[2] == "up" else ">"
        return f"{match[1]}.direction {side} 0 ? {match[1]}.value : na"
    for theirs, ours in {**VARIABLES, **OUTPUTS}.items():
        head = head.replace(theirs, ours)
    return head


def test_the_columns_are_there() -> None:
    """The folder holds a column for each of our functions that TradingView's exports cover."""
    require_shared("tradingview", "indicators")
    covered = {name for _, head in _columns() for name in re.findall(r"ta\.(\w+)", _expression(head))}
    assert covered >= {"sma", "ema", "rma", "rsi", "tr", "atr", "supertrend", "crossover", "crossunder"}


@pytest.mark.parametrize(("file", "head"), _columns())
def test_every_row_equals_tradingview(file: str, head: str) -> None:
    """On every row the value is na where TradingView's is, and else within a relative 1e-9 of it."""
    missing = {name for name in re.findall(r"ta\.(\w+)", head) if name not in TA}
    if missing:
        pytest.skip(f"not built yet: {', '.join(sorted(missing))}")
    plan = plan_text(_expression(head))
    bars, wanted = _load(FOLDER / file, head)
    values = plan.evaluate(bars)["value"]
    if plan.outputs["value"].kind is Kind.CONDITION:
        # Conditions are plotted as 0 and, by taste of the script, 1, 0.5 or -1; unknown is plotted as 0.
        np.testing.assert_array_equal(values == TRUE, wanted != 0)
    else:
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=0, equal_nan=True)
