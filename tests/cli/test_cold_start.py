"""What a cold process loads: the time of a first command is mostly that of its imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT

LIVE = ("ccxt", "sqlalchemy", "fastapi", "uvicorn", "requests", "apscheduler", "asyncio", "structlog")
SLOW = ("pandas", "pyarrow", "pandas_ta_classic", "engine.config", *LIVE)


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    rows = [f"{1_704_067_200 + i * 3_600},100.5,110,99,{100 + i % 7},3" for i in range(500)]
    path = tmp_path / "candles.csv"
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    return path


def loaded_by(*arguments: str) -> set[str]:
    """Give the modules that the program has loaded when a command is done."""
    code = (
        f"import sys\nsys.argv = {['signal-engine', *arguments]!r}\nfrom engine.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("data", ["sample", "a file"])
def test_a_backtest_loads_only_what_it_needs(data: str, candles: Path) -> None:
    """On the sample market and on a file of plain numbers, neither pandas nor anything of the live engine is loaded."""
    given = "sample" if data == "sample" else str(candles)
    loaded = loaded_by("backtest", "strategies/ema_cross.yaml", "--data", given, "--to", "2024-01-30")
    assert loaded.isdisjoint(SLOW)
    # Of the 36 files of indicators those that the rule uses, and rsi's true_range.
    files = {name.removeprefix("engine.indicators.") for name in loaded if name.startswith("engine.indicators.")}
    kernels = {"averages", "cross", "rsi", "true_range"}
    assert files <= {"function", "kernel", "pine", "catalogue", "library", "verdict", "verdicts", *kernels}


def test_help_loads_nothing_that_computes() -> None:
    """`--help` is shown without numpy, and so without numba, pandas and all that stands on them."""
    assert loaded_by("--help").isdisjoint({"numpy", "numba", "pydantic", "yaml", *SLOW})
