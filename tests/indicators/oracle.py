"""PyneCore, a Pine runtime in Python, asked what it computes: an oracle that shares no line with our kernels.

It rewrites modules while importing them, so it runs in a process of its own; ask for many expressions at once.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.market import Bars

# In the script, `gappy` is close where the volume is at least 20, na elsewhere; `up` is a condition.
_SCRIPT = '''"""@pyne
"""
from pynecore import Series
from pynecore.lib import (
    script, ta, na, math, open, high, low, close, volume, hl2, hlc3, ohlc4, hlcc4, bar_index, time, timeframe,
    fixnan, nz, time_close, year, month, weekofyear, dayofmonth, dayofweek, hour, minute, second
)
from pynecore.types.na import NA


@script.indicator(title="oracle", shorttitle="oracle")
def main():
    gappy: Series[float] = close if volume >= 20 else NA(float)
    up: Series[bool] = close > open
{lines}
    return {{{names}}}
'''


def pine(expressions: Sequence[str], bars: Bars, minutes: int = 60) -> list[NDArray[np.float64]]:
    """Give a column for each expression (Pine as Python: `ta.alma(close, 5)`, `ta.macd(close, 3, 6, 2)[0]`).

    na is NaN, conditions are 1 and 0. `minutes` is the chart's timeframe.
    """
    lines = "\n".join(f"    c{i} = {expression}" for i, expression in enumerate(expressions))
    names = ", ".join(f'"c{i}": c{i}' for i in range(len(expressions)))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(_SCRIPT.format(lines=lines, names=names))
        columns = [bars.time.tolist(), *(column.tolist() for column in bars.columns())]
        asked = json.dumps({"script": str(script), "minutes": minutes, "count": len(expressions), "bars": columns})
        ran = subprocess.run(
            [sys.executable, __file__], input=asked, capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
    answered = json.loads(ran.stdout.splitlines()[-1])
    return [np.array([np.nan if v is None else v for v in column], dtype=np.float64) for column in answered]


def _main() -> None:
    # Here, and not above: importing it changes how this process imports.
    from pynecore.core.script_runner import ScriptRunner  # noqa: PLC0415
    from pynecore.core.syminfo import SymInfo  # noqa: PLC0415
    from pynecore.types.ohlcv import OHLCV  # noqa: PLC0415

    asked = json.load(sys.stdin)
    bars = [OHLCV(*row) for row in zip(*asked["bars"], strict=True)]
    symbol = SymInfo(
        prefix="X", description="", ticker="XY", currency="Y", basecurrency="X", period=str(asked["minutes"]),
        type="crypto", mintick=1e-8, pricescale=10**8, pointvalue=1.0, mincontract=1e-8, opening_hours=[],
        session_starts=[], session_ends=[], timezone="UTC",
    )  # fmt: skip
    columns: list[list[float | None]] = [[] for _ in range(asked["count"])]
    options = {"lossless_prices": True, "lossless_volume": True}
    for _, plotted in ScriptRunner(Path(asked["script"]), iter(bars), symbol, **options).run_iter():
        for i, column in enumerate(columns):
            value = plotted[f"c{i}"]
            number = None if value is None else float(value)
            column.append(None if number is None or math.isnan(number) else number)
    json.dump(columns, sys.stdout)


if __name__ == "__main__":
    _main()
