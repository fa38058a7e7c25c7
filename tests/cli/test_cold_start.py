"""What a cold process loads: the time of a first command is mostly that of its imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT

SLOW = ("pandas", "pandas_ta_classic", "ccxt", "sqlalchemy", "fastapi", "uvicorn", "requests", "apscheduler", "asyncio")


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    rows = [f"{1_704_067_200 + i * 3_600},100.5,110,99,{100 + i % 7},3" for i in range(500)]
    path = tmp_path / "candles.csv"
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    return path


@pytest.mark.parametrize("data", ["sample", "a file"])
def test_a_backtest_loads_only_what_it_needs(data: str, candles: Path) -> None:
    """On the sample market and on a file of plain numbers, neither pandas nor anything of the live engine is loaded."""
    given = "sample" if data == "sample" else str(candles)
    arguments = ["signal-engine", "backtest", "strategies/ema_cross.yaml", "--data", given, "--to", "2024-01-30"]
    code = (
        f"import sys\nsys.argv = {arguments!r}\nfrom engine.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"print([name for name in {SLOW!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.splitlines()[-1] == "[]"
