"""Which strategies were backtested, on what, and what came of it: backtested.jsonl beside the rule files.

A backtest adds a line; `run --dry-run` looks for the one of the rule and the parameters that would run. The file
belongs with the rule files: take it along with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.app.candles import SAMPLE
from engine.backtest import Result, RunDefinition
from engine.rules import Rule

FILE = "backtested.jsonl"
MOST_BYTES = 1 << 20
"""Beyond it the older half is dropped: thousands of backtests."""


class Backtested(BaseModel):
    """One backtest. `rule` is the rule file's name, `params` every parameter's value; times are open times, ms UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: str
    rule: str
    rule_sha256: str
    params: dict[str, float]
    symbol: str
    timeframe: str
    data: str
    fills: str
    first_ms: int
    last_ms: int
    bars: int
    trades: int
    net_percent: float
    drawdown_percent: float

    @property
    def synthetic(self) -> bool:
        """Whether its candles were of the sample market."""
        return self.data == SAMPLE or self.data.startswith(f"{SAMPLE}:")

    def is_of(self, rule: Rule, params: Mapping[str, float]) -> bool:
        """Tell whether this rule was backtested, word for word, and with these parameters."""
        return self.rule_sha256 == rule.sha256 and self.params == rule.values(params)


def note(definition: RunDefinition, data: str, params: Mapping[str, float], result: Result) -> str:
    """Write down a backtest of one symbol, on the candles `data`. Gives why it could not be, "" where it was.

    One that is there already, with the same result, is not written again.
    """
    path, rule, traded, stats = Path(definition.strategy), result.rule, result.bars[result.warmup :], result.stats
    done = Backtested(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        rule=path.name,
        rule_sha256=rule.sha256,
        params=rule.values(params),
        symbol=result.author.instrument.symbol,
        timeframe=str(result.bars.timeframe),
        data=data,
        fills=definition.fills,
        first_ms=int(traded.time[0]),
        last_ms=int(traded.time[-1]),
        bars=len(traded),
        trades=len(result.trades),
        net_percent=round(100 * result.profit / result.costs.capital, 2),
        drawdown_percent=round(stats.max_drawdown_percent, 2),
    )
    file = path.parent / FILE
    try:
        if any(done.model_copy(update={"day": one.day}) == one for one in read(path)):
            return ""
        _shorten(file)
        # One write at the end of the file: backtests that run side by side lose none of each other's lines.
        with file.open("a", encoding="utf-8") as out:
            out.write(done.model_dump_json() + "\n")
    except OSError as error:
        return f"{file}: not written ({error.strerror}); `run --dry-run` will not know of this backtest"
    return ""


def read(path: Path) -> list[Backtested]:
    """Give the backtests of the rule file at `path`, oldest first; a line that is torn is none."""
    try:
        lines = (path.parent / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            one = Backtested.model_validate_json(line)
        except ValidationError:
            continue
        if one.rule == path.name:
            found.append(one)
    return found


def _shorten(file: Path) -> None:
    if not file.exists() or file.stat().st_size < MOST_BYTES:
        return
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    young = file.with_name(f".{file.name}.{os.getpid()}")
    young.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
    young.replace(file)
