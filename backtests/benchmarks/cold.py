"""How long `signal-engine backtest` takes as a cold process, from CSV to printed statistics, and how much memory.

    python -m backtests.benchmarks.cold

500 and 525,600 one-minute candles of the sample market in CSVs, the rule of the backtest benchmark, compiled kernels
on disk. Beside it the floor, an interpreter that only imports numba, and other backtesters. All take turns. Wall time
is what one waits; processor time (user and system) is what it costs, also when other programs are busy.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from backtests.benchmarks.backtest import RULE, SYMBOL
from backtests.benchmarks.engines import PEERS, command
from engine.adapters.csv_files import write_csv
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars

RUNS, PEER_RUNS = 9, 2
MEMORY = 300  # MB
LIMITS = {500: 1.5, 525_600: 1.6}  # seconds of wall time, by candles


@dataclass(frozen=True)
class Run:
    """Seconds that one process took, and the memory that it had at most, in MB."""

    wall: float
    processor: float
    peak: float


def run(command: list[str]) -> Run:
    start, peak = perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, most_memory(process.pid))
            sleep(0.004)
        wall, (_, status, used) = perf_counter() - start, ended
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    # What wait4 tells is not less than what this process had when it began the other.
    return Run(wall, used.ru_utime + used.ru_stime, peak or used.ru_maxrss / 1024)


def most_memory(pid: int) -> float:
    """Give the most memory that a process has had until now, in MB; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return float(found[0]) / 1024 if found else 0.0


def commands(folder: Path) -> dict[str, list[str]]:
    """Write the rule and the candles, and give what is to be run on them."""
    rule = folder / "benchmark.yaml"
    rule.write_text(RULE)
    found = {"import numba": [sys.executable, "-c", "import numba, numpy"]}
    for count in LIMITS:
        candles = folder / f"{count}.csv"
        write_csv(candles, sample_bars(SYMBOL, Timeframe.parse("1m"), SAMPLE_START_MS, count))
        found[title(count)] = [sys.executable, "-m", "engine", "backtest", str(rule), "--data", str(candles)]
    candles = folder / f"{max(LIMITS)}.csv"
    return found | {name: command(name, "cold", candles) for name in PEERS}


def title(count: int) -> str:
    return f"backtest of {count:,} candles"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = commands(Path(folder))
        for command in found.values():
            run(command)  # compiles what is not on disk yet
        runs: dict[str, list[Run]] = {name: [] for name in found}
        for turn in range(RUNS):
            for name, command in found.items():
                if name not in PEERS or turn < PEER_RUNS:
                    runs[name].append(run(command))
    print(
        f"cold processes, seconds: median and best of {RUNS} (others {PEER_RUNS})  {'wall':>5} {'best':>5} "
        f"{'processor':>10} {'best':>5} {'peak MB':>8}"
    )
    for name, taken in runs.items():
        wall, processor = [one.wall for one in taken], [one.processor for one in taken]
        print(
            f"  {name:<52} {statistics.median(wall):>5.2f} {min(wall):>5.2f} "
            f"{statistics.median(processor):>10.2f} {min(processor):>5.2f} {max(one.peak for one in taken):>8.0f}"
        )
    for count, limit in LIMITS.items():
        ours = runs[title(count)]
        holds = min(one.wall for one in ours) < limit
        print(f"{'holds ' if holds else 'BROKEN'}  {title(count)} in less than {limit} s of wall time, at best")
        holds = max(one.peak for one in ours) < MEMORY
        print(f"{'holds ' if holds else 'BROKEN'}  {title(count)} in less than {MEMORY} MB")
    whole = statistics.median(one.wall for one in runs[title(max(LIMITS))])
    for name in PEERS:
        holds = whole < min(one.wall for one in runs[name])
        print(f"{'holds ' if holds else 'BROKEN'}  faster than {name} at its best")


if __name__ == "__main__":
    main()
