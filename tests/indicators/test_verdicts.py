"""The committed table of verdicts on pandas-ta's indicators."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import InvalidExpressionError
from engine.indicators.catalogue import CatalogueCall, catalogue_names
from engine.indicators.library import versions
from engine.indicators.verdicts import FILE, Table, table
from engine.rules.single import plan_text
from engine.rules.survey import calls_of, is_dated, measure
from engine.rules.trial import measured

ROOT = Path(__file__).resolve().parents[2]
_PICKED = random.Random(4).sample(catalogue_names(), 14)  # noqa: S311 - which are looked at


def _measured_while(expression: str) -> int:
    """Count the verdicts that are measured while an expression is planned."""
    before = measured.cache_info()
    plan_text(expression)
    after = measured.cache_info()
    return after.hits + after.misses - before.hits - before.misses


def test_the_table_holds_for_what_is_installed() -> None:
    """The versions it was measured with are those of requirements.lock; if not, `make survey` is due."""
    assert table().versions == versions()


@pytest.mark.parametrize("name", [name for name in _PICKED if not name.startswith(("ht_", "cdl_"))])
def test_the_table_says_what_is_measured_now(name: str) -> None:
    """The verdict on a call, picked at random from an indicator's, is that of a fresh measurement, output by output."""
    called = random.Random(name).choice(list(calls_of(name)))  # noqa: S311 - which is looked at
    kept, fresh = table().find(called, "1h"), measure(called)
    assert (dict(kept) if kept else {}) == fresh
    if fresh:
        assert is_dated(called) == (str(called) not in table().calls)


def test_nearly_every_indicator_is_in_the_table() -> None:
    """Only what gives nothing on plain candles (it needs a second market, or signals) is missing."""
    found = table()
    missing = [n for n in catalogue_names() if not found.find(next(calls_of(n)), "1h")]
    assert len(missing) < 10, missing


def test_writing_and_reading_give_the_same(tmp_path: Path) -> None:
    """The text of the table is the file, and reads back equal."""
    assert table().text() == FILE.read_text(encoding="utf-8")
    (tmp_path / "t.json").write_text(table().text(), encoding="utf-8")
    assert Table.read(tmp_path / "t.json") == table()


@pytest.mark.parametrize("expression", ["pandas_ta.rsi()", "pandas_ta.bbands(length=20).BBU", "pandas_ta.vwap()"])
def test_what_the_table_has_is_not_measured(expression: str) -> None:
    """Default and usual arguments on plain candles are planned without trying anything out."""
    assert _measured_while(expression) == 0


@pytest.mark.parametrize(
    "expression", ["pandas_ta.rsi(length=23)", "pandas_ta.rsi(hl2)", "pandas_ta.bbands(length=20, std=2.0000001)"]
)
def test_what_the_table_lacks_is_measured(expression: str) -> None:
    """Other arguments, however close, and other series are measured with the very arguments given."""
    assert _measured_while(expression) == 1


def test_the_table_refuses_what_looks_ahead() -> None:
    """dpo is refused at once, by the table's verdict."""
    before = measured.cache_info()
    with pytest.raises(InvalidExpressionError, match="it looks ahead"):
        plan_text("pandas_ta.dpo(length=20)")
    assert measured.cache_info() == before


def test_with_other_versions_the_table_says_nothing() -> None:
    """One version that differs is enough."""
    called = CatalogueCall("hlc3", ("high", "low", "close"))
    assert table().find(called, "1h")
    other = Table({**table().versions, "numpy": "1.0"}, table().calls, table().dated)
    assert other.find(called, "1h") is None


def test_with_another_numpy_everything_is_measured(tmp_path: Path) -> None:
    """In a process that finds another version of numpy installed, the same verdict comes from a measurement."""
    dist = tmp_path / "numpy-999.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 999.0\n")
    code = (
        "import json\nfrom engine.rules.single import plan_text\nfrom engine.rules.trial import measured\n"
        "print(json.dumps([plan_text('pandas_ta.willr(length=14)').warmup, measured.cache_info().misses]))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [13, 1]
