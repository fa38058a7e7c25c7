from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT, signal_engine

HEAVY = ("ccxt", "pandas", "numba", "numpy", "fastapi", "uvicorn", "sqlalchemy", "apscheduler", "pandas_ta_classic")
THREE_MISTAKES = """\
name: three
market: futures
timeframe: 1h
define:
  fast: ta.emma(close, 12)
long:
  enter: ta.crossover(fast, slow)
ordr: {type: market, size: {percent: 25}}
order: {type: market, size: {percent: 25}}
"""


def test_help_loads_nothing_heavy() -> None:
    """`--help` answers without loading ccxt, pandas, numba or FastAPI."""
    code = (
        "import sys\nsys.argv = ['signal-engine', '--help']\nfrom engine.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stderr.strip() == "[]"
    assert "demo" in ran.stdout


def test_every_command_has_help() -> None:
    """Each command named on the first screen explains itself."""
    for command in ("demo", "check", "test", "backtest", "run", "paper", "message", "eval", "indicators"):
        ran = signal_engine(command, "--help")
        assert ran.returncode == 0
        assert "Usage: signal-engine" in ran.stdout or "Usage: python -m engine" in ran.stdout


def test_wrong_usage_ends_with_2() -> None:
    """An unknown command is wrong usage, not a problem found."""
    assert signal_engine("backtets").returncode == 2


def test_check_shows_every_mistake_at_its_place(tmp_path: Path) -> None:
    """A rule with three mistakes shows three errors, each with file:line:column, and ends with 1."""
    rule = tmp_path / "three.yaml"
    rule.write_text(THREE_MISTAKES)
    ran = signal_engine("check", rule)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    places = [line.split(": ")[0] for line in ran.stderr.splitlines() if line.startswith(str(rule))]
    assert places == [f"{rule}:5:9", f"{rule}:7:29", f"{rule}:8:1"]
    assert "did you mean 'ta.ema'?" in ran.stderr
    assert "did you mean 'order'?" in ran.stderr


def test_check_says_what_a_good_file_does() -> None:
    """A shipped strategy is good, and its warm-up and its cause are named."""
    ran = signal_engine("check", "strategies/ema_cross.yaml", "configs/paper.yaml")
    assert ran.returncode == 0, ran.stderr
    assert "warm after 387 candles" in ran.stdout
    assert "ema-cross BTC/USDT:USDT 1h" in ran.stdout


def test_message_prints_the_platforms_json() -> None:
    """The JSON has the page's fields, numbers as strings, and a place where the token goes."""
    ran = signal_engine("message", "openLong", "--percent", "25", "--profit", "7.1e4", "--loss", "65000.50")
    assert json.loads(ran.stdout) == {
        "connectorName": "YOUR_CONNECTOR",
        "connectorToken": "YOUR_TOKEN",
        "action": "openLong",
        "percent": "25",
        "profit": "71000",
        "loss": "65000.5",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["openLong"], "percent: 'openLong' needs a size"),
        (["buy", "--percent", "10", "--profit", "3"], "profit: exists on futures only"),
        (["cancel"], "clientOrderId: 'cancel' needs the id"),
        (["openLong", "--market", "spot", "--percent", "10"], "action: 'openLong' does not exist on a spot market"),
        (["openLng", "--percent", "10"], "action: 'openLng' is no action"),
        (["buy", "--percent", "ten"], "percent: 'ten' is not a number"),
    ],
)
def test_message_refuses_what_must_not_be_sent(arguments: list[str], said: str) -> None:
    """A message that the platform would misunderstand is refused by the name of its field."""
    ran = signal_engine("message", *arguments)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert ran.stdout == ""


def test_backtest_json_is_one_document_and_nothing_else() -> None:
    """Standard output of --json parses, with statistics, trades and messages."""
    ran = signal_engine("backtest", "strategies/rsi_dip.yaml", "--to", "2024-03-01", "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["statistics"]["closed_trades"] == len([t for t in document["trades"] if t["exit_price"]])
    assert {message["action"] for message in document["messages"]} == {"buy", "sell"}


def test_backtest_of_a_run_definition_ends_with_1_where_the_result_differs(tmp_path: Path) -> None:
    """An expectation that does not hold is named with both numbers."""
    definition = tmp_path / "run.yaml"
    strategy = ROOT / "strategies" / "ema_cross.yaml"
    definition.write_text(f"strategy: {strategy}\nto: 2024-02-01\nexpect: {{closed_trades: 99}}\n")
    ran = signal_engine("backtest", definition)
    assert ran.returncode == 1
    assert "closed_trades: expected 99, got " in ran.stderr


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,1,1,1,1,1\n60000,1,1,1,nan,1\n", ["3", "close"]),
        ("60000,1,1,1,1,1\n0,1,1,1,1,1\n", ["3", "time"]),
    ],
)
def test_backtest_refuses_broken_candles_by_row_and_column(tmp_path: Path, rows: str, said: list[str]) -> None:
    """A NaN or an unsorted row is named by the line of the file and the column."""
    data = tmp_path / "candles.csv"
    data.write_text(f"time,open,high,low,close,volume\n{rows}")
    ran = signal_engine("backtest", "strategies/ema_cross.yaml", "--data", data)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    for word in (str(data), *said):
        assert word in ran.stderr


def test_live_needs_its_secrets_and_a_confirmation() -> None:
    """Without its variables a live config is wrong (1); with them it is refused (3) without --confirm-live."""
    missing = signal_engine("run", "--config", "configs/live.yaml")
    assert missing.returncode == 1
    assert "SIGNAL_ENGINE_TOKEN is not set" in missing.stderr
    secrets = {"SIGNAL_ENGINE_CONNECTOR": "mine", "SIGNAL_ENGINE_TOKEN": "canary-71"}
    refused = signal_engine("run", "--config", "configs/live.yaml", environment=secrets)
    assert refused.returncode == 3
    assert "--confirm-live" in refused.stderr
    assert "canary-71" not in refused.stderr + refused.stdout


def test_paper_and_live_differ_in_a_few_lines() -> None:
    """Both extend base.yaml; what they add is the mode, the state, the connector, and the paper platform."""
    lines = {
        name: [
            line
            for line in (ROOT / "configs" / name).read_text().splitlines()
            if line.strip() and not line.strip().startswith("#")
        ]
        for name in ("paper.yaml", "live.yaml")
    }
    assert all(found[0] == "extends: base.yaml" and len(found) <= 12 for found in lines.values())


def test_demo_delivers_what_a_backtest_decides(tmp_path: Path) -> None:
    """The demo ends well, delivers every message it decided, and leaves its files where it says."""
    ran = signal_engine("demo", "--bars", "150", "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "yes, byte for byte" in ran.stdout
    assert ran.stdout.count("accepted") >= 3
    folder = next(tmp_path.iterdir())
    assert {path.name for path in folder.iterdir()} >= {"engine-state.db", "paper-ledger.db"}


def test_eval_prints_a_value_for_every_candle(tmp_path: Path) -> None:
    """`eval` prints time and value as CSV, an empty value where it is na."""
    data = tmp_path / "candles.csv"
    data.write_text(
        "time,open,high,low,close,volume\n" + "".join(f"{i * 60},1,{i + 1},1,{i + 1},1\n" for i in range(4))
    )
    ran = signal_engine("eval", "ta.sma(close, 2)", "--data", data)
    assert ran.stdout.splitlines() == ["time,value", "0,", "60000,1.5", "120000,2.5", "180000,3.5"]


def test_the_console_script_is_the_same_program() -> None:
    """`signal-engine` is installed beside this Python and answers like `python -m engine`."""
    script = Path(sys.executable).parent / "signal-engine"
    ran = subprocess.run([script, "--help"], capture_output=True, text=True, check=True, env={**os.environ})
    assert "signal-engine demo" in ran.stdout
