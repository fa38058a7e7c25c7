"""PyneCore, a Pine runtime in Python, asked which trades a strategy makes: an oracle that shares no line with ours.

Its broker emulator was measured against TradingView's. It rewrites modules while importing them, so it runs in a
process of its own; ask for many strategies at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from engine.market import Bars


class PineTrade(NamedTuple):
    """A trade as PyneCore lists it: bars by their index, 0 for the exit of one that is open."""

    side: int
    entry_bar: int
    entry_price: float
    quantity: float
    exit_bar: int
    exit_price: float
    profit: float


class Asked(NamedTuple):
    """A strategy as a Pyne script, the candles, the steps of price and amount; finer candles for the bar magnifier."""

    script: str
    bars: Bars
    tick: float
    lot: float
    finer: Bars | None = None


def pine_trades(asked: Sequence[Asked]) -> list[list[PineTrade]]:
    """Give the trades of each strategy, closed ones in order of their exits, then those that are open."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for i, one in enumerate(asked):
            script = Path(folder) / f"script_{i}.py"
            script.write_text(one.script)
            charts = [
                {
                    "bars": [bars.time.tolist(), *map(list, bars.columns())],
                    "minutes": bars.timeframe.length_ms // 60_000,
                }
                for bars in (one.bars, one.finer)
                if bars is not None
            ]
            jobs.append({"script": str(script), "charts": charts, "tick": one.tick, "lot": one.lot})
        ran = subprocess.run(
            [sys.executable, __file__], input=json.dumps(jobs), capture_output=True, text=True, timeout=600, check=False
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
    return [[PineTrade(*trade) for trade in trades] for trades in json.loads(ran.stdout.splitlines()[-1])]


def _main() -> None:
    # Here, and not above: importing it changes how this process imports.
    from pynecore.core.script_runner import ScriptRunner  # noqa: PLC0415
    from pynecore.core.syminfo import SymInfo  # noqa: PLC0415
    from pynecore.types.ohlcv import OHLCV  # noqa: PLC0415

    answer = []
    for job in json.load(sys.stdin):
        chart, *finer = job["charts"]
        bars, *inside = ([OHLCV(*row) for row in zip(*c["bars"], strict=True)] for c in (chart, *finer))
        symbol = SymInfo(
            prefix="X", description="", ticker="XY", currency="Y", basecurrency="X", period=str(chart["minutes"]),
            type="crypto", mintick=job["tick"], pricescale=round(1 / job["tick"]), pointvalue=1.0,
            mincontract=job["lot"], opening_hours=[], session_starts=[], session_ends=[], timezone="UTC",
        )  # fmt: skip
        options: dict[str, Any] = {"lossless_prices": True, "lossless_volume": True}
        if finer:
            options |= {"magnifier_iter": iter(inside[0]), "magnifier_source_tf": str(finer[0]["minutes"])}
        runner = ScriptRunner(Path(job["script"]), iter(bars), symbol, **options)
        trades, position = [], runner.script.position
        for _, _, closed in runner.run_iter():
            trades += [(t, t.exit_bar_index, t.exit_price) for t in closed]
            still = [(t, 0, 0.0) for t in position.open_trades]
        answer.append(
            [
                (int(t.sign), t.entry_bar_index, t.entry_price, abs(t.size), bar, price, t.profit if bar else 0.0)
                for t, bar, price in [*trades, *still]
            ]
        )
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
