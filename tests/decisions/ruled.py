"""A rule in a few lines, played over a few candles of one hour: what fills, and what is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.backtest import Result, backtest
from engine.decisions import Costs, Move
from engine.market import Bars, Instrument, Timeframe
from engine.rules import read_rule

HOUR_MS, START_MS = 3_600_000, 1_704_067_200_000  # 2024-01-01, a Monday
HEAD = "name: played\nmarket: {market}\ntimeframe: 1h\n"
FREE = Costs(capital=10_000.0, commission_percent=0.0)
Candle = tuple[float, float, float, float]


@dataclass(frozen=True)
class Story:
    result: Result

    @property
    def fills(self) -> list[tuple[int, str, str, float]]:
        """Each fill as bar, move, reason, price."""
        return [
            (int(f["row"]), _MOVES[int(f["move"])], _reason(f), round(float(f["price"]), 6)) for f in self.result.fills
        ]

    @property
    def quantities(self) -> list[float]:
        return [round(float(f["quantity"]), 6) for f in self.result.fills]

    @property
    def decided(self) -> list[tuple[int, str, str]]:
        """Each decision as bar, move, reason."""
        return [(d.row, d.move.name.lower(), d.reason.name.lower()) for d in self.result.decisions]

    @property
    def bodies(self) -> list[dict[str, object]]:
        return [dict(message.body()) for message in self.result.messages]


_MOVES = {int(move): move.name.lower() for move in Move}


def _reason(fill: np.void) -> str:
    from engine.decisions import Reason  # noqa: PLC0415 - for this line only

    return Reason(int(fill["reason"])).name.lower()


def bars_of(candles: Sequence[Candle], timeframe: str = "1h", start_ms: int = START_MS) -> Bars:
    step = Timeframe.parse(timeframe)
    rows = [(start_ms + i * step.length_ms, *candle, 1.0) for i, candle in enumerate(candles)]
    return Bars.of(step, rows)


def played(
    rule: str,
    candles: Sequence[Candle] | Bars,
    costs: Costs = FREE,
    *,
    market: str = "futures",
    tick: str = "0.01",
    lot: str = "0",
    finer: Bars | None = None,
    start_ms: int = START_MS,
) -> Story:
    """Backtest from the first candle on: `bar_index` counts them from 0."""
    bars = candles if isinstance(candles, Bars) else bars_of(candles, start_ms=start_ms)
    read = read_rule(HEAD.format(market=market) + rule, "played")
    return Story(backtest(read, bars, Instrument("S", Decimal(tick), Decimal(lot)), costs, warmup=0, finer=finer))
