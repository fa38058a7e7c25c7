"""A real engine in a real process: real ccxt against an exchange on loopback, its paper platform, its files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.market import Bars, Timeframe
from tests.servers.exchange import ccxt_options

TOKEN = "canary-3f9c1a7e55"  # noqa: S105 - looked for where it must not be
RULE = """\
name: seconds
market: spot
timeframe: 1s
long: {enter: "close > close[1]", exit: "close < close[1]"}
order: {size: {percent: 10}}
"""


def seesaw(_symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
    """Give candles that go two steps up and two down, for ever: the rule decides something every other second."""
    count = max(0, (last_ms - first_ms) // timeframe.length_ms + 1)
    first_ms = -(-first_ms // timeframe.length_ms) * timeframe.length_ms
    time = first_ms + timeframe.length_ms * np.arange(min(count, 1_000), dtype=np.int64)
    time = time[time <= last_ms]
    close, opened = (
        50_000.0 + 10.0 * np.array([0, 1, 2, 1])[(time // timeframe.length_ms - ago) % 4] for ago in (0, 1)
    )
    return Bars(
        timeframe, time, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(len(time))
    )


@dataclass
class Rig:
    """A folder with rule, config, state and ledger, and engines that run on it one after another."""

    folder: Path
    exchange_url: str
    paper_port: int = 0
    receiver_url: str = ""  # where messages go instead of to the paper platform that the engine starts
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "rule.yaml").write_text(RULE)
        receiver = self.receiver_url or f"http://127.0.0.1:{self.paper_port or 1}/webhook"
        connector = {"url": receiver, "name": "test", "token": TOKEN, "deduplicates": True}
        config = {
            "mode": "paper",
            "state": "state.db",
            "exchange": {"id": "binance", "options": ccxt_options(self.exchange_url)},
            "connectors": {"main": connector},
            "routes": [{"strategy": "rule.yaml", "symbol": "BTC/USDT", "connector": "main"}],
            "tick_seconds": 0.05,
            "settle_seconds": 0.05,
        }
        if not self.receiver_url:
            config["paper"] = {"port": self.paper_port, "ledger": "ledger.db"}
        self.config.write_text(json.dumps(config))  # JSON is YAML too

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def start(self) -> subprocess.Popen[bytes]:
        """Start an engine; its output is appended to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine", "run", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                env={**os.environ, "NO_COLOR": "1"},
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        """End whatever still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    def rows(self, table: str, file: str = "state.db") -> list[dict[str, Any]]:
        """Read a table beside the running engine; nothing while it is not there yet."""
        path = self.folder / file
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            try:
                found = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
            except sqlite3.OperationalError:
                found = []
        connection.close()
        return [dict(row) for row in found]

    def watermark(self) -> int:
        return int(next((row["watermark_ms"] for row in self.rows("routes")), 0))

    def first_watermark(self) -> int:
        """Where the route began: the first mark of its journal, however soon bars were processed after it."""
        return min(int(row["bar_ms"]) for row in self.rows("journal_marks"))

    def accepted(self) -> list[dict[str, Any]]:
        """The messages in the paper platform's ledger that were accepted."""
        return [row for row in self.rows("messages", "ledger.db") if row["verdict"] == "accepted"]


def wait_for(what: Callable[[], object], within_s: float, why: Callable[[], str] = lambda: "") -> None:
    """Wait until something is true. Errors: AssertionError with `why` when it is not in time."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, f"not within {within_s} s; {why()}"
        time.sleep(0.05)
