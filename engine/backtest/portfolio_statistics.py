"""The numbers of many symbols together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from engine.backtest.run import Result
from engine.backtest.statistics import Statistics, finished, open_profit_of
from engine.backtest.statistics_equity import equity_statistics, months_of
from engine.backtest.statistics_intrabar import NO_INTRABAR
from engine.backtest.statistics_trades import trade_statistics
from engine.decisions import Move
from engine.market.bars import Column


def portfolio_statistics(
    results: Mapping[str, Result], time: NDArray[np.int64], equity: Column, capital: float
) -> Statistics:
    """Compute them of all trades together, and of the equity of the whole.

    Buy and hold is an equal part of the capital in each symbol. What a position did inside of bars, and amounts held,
    are numbers of one symbol and are left out.
    """
    every = [result.trades for result in results.values()]
    closed = np.concatenate([trades.closed for trades in every])
    closed = closed[np.argsort(closed["exit_time"], kind="stable")]
    table = np.concatenate([closed, *(trades.open for trades in every)])
    every_side = trade_statistics(table, len(closed), every[0].fills[:0], capital)
    all_trades, long, short = (replace(side, max_contracts=None) for side in every_side)
    months = months_of(equity, time, capital)
    timeframe = next(iter(results.values())).bars.timeframe
    held = np.zeros(len(time), dtype=np.bool_)
    growth = 0.0
    for result in results.values():
        closes = result.bars.close[result.warmup :]
        growth += (float(closes[-1]) / float(closes[0]) - 1) / len(results)
        for row, left, still in zip(
            *(result.trades.table[name].tolist() for name in ("entry_row", "exit_row")),
            (result.trades.table["exit_reason"] == 0).tolist(),
            strict=True,
        ):
            first, last = np.searchsorted(time, result.bars.time[[row, left]])
            held[first : last + still] = True
    return finished(
        (all_trades, long, short),
        {**asdict(equity_statistics(equity, capital, timeframe, months)), **NO_INTRABAR},
        months,
        equity,
        capital,
        open_profit=sum(open_profit_of(r.trades, float(r.bars.close[-1])) for r in results.values()),
        growth=growth,
        bars_held=int(held.sum()),
        margin_calls=sum(result.stats.margin_calls for result in results.values()),
        refused=sum(int((result.records["move"] == Move.NONE).sum()) for result in results.values()),
    )
