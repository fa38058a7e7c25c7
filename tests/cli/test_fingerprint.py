"""A library that changes between backtest and trading: real processes, a real pandas-ta, shifted a little."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import ROOT, signal_engine

RULE = """\
name: shifted
market: spot
timeframe: 1h
long: {enter: "pandas_ta.willr(length=14) < -80 and close > ta.sma(close, 3)", exit: "pandas_ta.willr(length=14) > -20"}
order: {size: {percent: 10}}
"""
CALL = "pandas_ta.willr(high=high, low=low, close=close, length=14)"
# A package that stands before the installed one, is it, and adds 1e-6 to one of its indicators.
SHIFTED = """
import importlib, pathlib, sys
here = str(pathlib.Path(__file__).resolve().parents[1])
kept = sys.path[:]
sys.path[:] = [path for path in kept if path != here]
del sys.modules["pandas_ta_classic"]
real = importlib.import_module("pandas_ta_classic")
sys.path[:] = kept
original = real.willr
def willr(high, low, close, length=None, talib=None, offset=None, **kwargs):
    return original(high, low, close, length, talib, offset, **kwargs) + 1e-6
willr.__annotations__ = original.__annotations__
real.willr = willr
sys.modules["pandas_ta_classic"] = real
"""


class Setup:
    """A folder with a rule and a config on the sample market, and a library that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rule = folder / "rule.yaml"
        self.rule.write_text(RULE)
        self.kept = folder / "fingerprints.json"
        connector = {"url": "http://127.0.0.1:1/w", "name": "t", "token": "canary-77", "deduplicates": True}
        config = {
            "mode": "paper",
            "state": "state.db",
            "exchange": {"id": "sample"},
            "connectors": {"main": connector},
            "routes": [{"strategy": "rule.yaml", "symbol": "BTC/USDT", "connector": "main"}],
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        package = folder / "other" / "pandas_ta_classic"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(SHIFTED)
        self.path = str(ROOT)

    def change_the_library(self) -> None:
        self.path = f"{self.folder / 'other'}:{ROOT}"

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return signal_engine(*arguments, environment={"PYTHONPATH": self.path})

    def backtest(self) -> subprocess.CompletedProcess[str]:
        ran = self.command("backtest", self.rule, "--from", "2024-01-01", "--to", "2024-01-10", "--json")
        assert ran.returncode == 0, ran.stderr
        return ran

    def refused(self) -> str:
        """Try to run, see it refused, and give what it said."""
        ran = self.command("run", "--config", self.folder / "config.yaml")
        assert ran.returncode == 3, ran.stderr
        assert not (self.folder / "state.db").exists()
        return ran.stderr

    def runs(self, *arguments: str) -> str:
        """Run until it says that it runs, stop it, and give what it said."""
        log = self.folder / "log.txt"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine", "run", "--config", str(self.folder / "config.yaml"), *arguments],
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env={"PYTHONPATH": self.path, "COLUMNS": "200", "NO_COLOR": "1", "PATH": "/usr/bin"},
            )
        end = time.monotonic() + 40
        while "route " not in log.read_text() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
        for file in ("state.db", "state.db.mark"):
            (self.folder / file).unlink()
        return log.read_text()


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_changed_library_is_refused_until_it_is_accepted(setup: Setup) -> None:
    """After a shift by 1e-6, run ends with 3 naming the call and both values; unchanged it starts without a word."""
    document = json.loads(setup.backtest().stdout)
    kept = setup.kept.read_text()
    assert document["fingerprint"][CALL] == json.loads(kept)["rule.yaml"]["values"][CALL]
    assert "fingerprint" not in setup.runs()
    setup.change_the_library()
    said = setup.refused()
    mean = document["fingerprint"][CALL][1]
    assert f"rule.yaml: not what was backtested: {CALL}: the mean was {mean:.12g} and is {mean + 1e-6:.12g}" in said
    assert "ta.sma" not in said
    assert "--accept-fingerprint" in said
    assert setup.kept.read_text() == kept
    assert f"accepted: {CALL}" in setup.runs("--accept-fingerprint")
    assert setup.kept.read_text() != kept
