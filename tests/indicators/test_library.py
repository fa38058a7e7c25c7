"""Choosing between pandas-ta-classic and the original, which cannot be installed together with our numba."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InvalidInputError
from engine.indicators.library import choose, library
from tests.cli.program import signal_engine

ORIGINAL = {"SIGNAL_ENGINE_PANDAS_TA": "original"}
# As the original is built: flat functions, plain annotations, a Category, `ma()` for the names of averages.
STAND_IN = """
from typing import Union
from pandas import Series
Imports = {"talib": True}
Category = {"overlap": ["twice"]}
Int = Union[int, float]


def ma(name: str = None, source: Series = None, **kwargs: dict) -> Series:
    return ["ema"]


def twice(close: Series, length: int = None, talib: bool = None, **kwargs: dict) -> Series:
    assert talib is False and Imports["talib"] is False
    return (close * 2).rolling(length or 3).mean().rename(f"TWICE_{length or 3}")
"""


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    rows = [f"{1_704_067_200_000 + i * 3_600_000},{i + 1},{i + 2},{i + 0.5},{i + 1}" for i in range(5)]
    path = tmp_path / "candles.csv"
    path.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
    return path


def test_the_original_computes_where_it_is_chosen(tmp_path: Path, candles: Path) -> None:
    """With SIGNAL_ENGINE_PANDAS_TA=original, names, signatures and values come from the package pandas_ta."""
    (tmp_path / "pandas_ta.py").write_text(STAND_IN)
    root = str(Path(__file__).resolve().parents[2])
    environment = {**ORIGINAL, "PYTHONPATH": f"{tmp_path}:{root}"}
    ran = signal_engine("eval", "pandas_ta.twice(length=2)", "--data", candles, environment=environment)
    assert ran.returncode == 0, ran.stderr
    assert [line.partition(",")[2] for line in ran.stdout.split()[1:]] == ["", "3.0", "5.0", "7.0", "9.0"]
    unknown = signal_engine("eval", "pandas_ta.willr()", "--data", candles, environment=environment)
    assert unknown.returncode == 1
    assert "unknown function 'pandas_ta.willr'" in unknown.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (ORIGINAL, "pandas-ta is not installed here; pip install pandas-ta"),
        ({"SIGNAL_ENGINE_PANDAS_TA": "orginal"}, "SIGNAL_ENGINE_PANDAS_TA: there is no pandas-ta called 'orginal'"),
    ],
)
def test_what_cannot_be_chosen_ends_with_words(candles: Path, environment: dict[str, str], words: str) -> None:
    """Where the original is not installed, or the name is none, one line says so."""
    ran = signal_engine("eval", "pandas_ta.hlc3()", "--data", candles, environment=environment)
    assert ran.returncode == 1
    assert words in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_choosing_what_is_chosen_changes_nothing() -> None:
    """The classic line is the default, and may be named."""
    before = library()
    choose("classic")
    assert library() is before
    with pytest.raises(InvalidInputError, match=r"not installed|in use already"):
        choose("original")
