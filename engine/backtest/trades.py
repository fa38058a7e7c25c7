"""Trades, as a sequence over the records that they are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from engine.backtest.excursions import Slippage, excursions
from engine.backtest.pairing import paired
from engine.decisions import Reason
from engine.decisions.state import Records
from engine.market import Bars
from engine.market.bars import Column

if TYPE_CHECKING:
    import pandas as pd

_REASONS = {int(reason): reason.words for reason in Reason}


@dataclass(frozen=True, slots=True)
class Trade:
    """An entry, or a part of it, and the exit that closed it; exit fields are None while it is open.

    Times are open times (ms UTC) of the candles in which it filled. `profit` is net of the fees of both fills, in quote
    currency; `percent` relates it to the entry's value and fee. `bars` counts from the entry's bar to the exit's.
    `run_up` (0 or more) and `drawdown` (0 or less) are the best and worst profit while it was open, net of the entry's
    fee, and the same in percent. All are as TradingView's list of trades shows them.
    """

    side: str
    entry_time_ms: int
    entry_price: float
    entry_reason: str
    quantity: float
    exit_time_ms: int | None
    exit_price: float | None
    exit_reason: str | None
    fees: float
    profit: float | None
    percent: float | None
    bars: int
    run_up: float
    run_up_percent: float
    drawdown: float
    drawdown_percent: float


class Trades(Sequence[Trade]):
    """Trades in order of their exits, those that are open last. Each is made when it is asked for.

    `fills` are the FILL records that they are made of; `table` are the trades as TRADE records, one a row, of which
    `open_count` are open, at the end.
    """

    def __init__(
        self,
        fills: Records,
        last_row: int,
        path: Bars,
        rows: NDArray[np.int64],
        slippage: Slippage,
        *,
        own: bool = False,
    ) -> None:
        """Pair the fills. `path` are the candles in which they filled, at `rows`."""
        self.fills, self.path, self.rows, self.slippage = fills, path, rows, slippage
        self.table, closed = paired(fills, last_row, own=own)
        self.open_count = len(self.table) - closed

    @property
    def closed(self) -> Records:
        """The records of closed trades."""
        return self.table[: len(self.table) - self.open_count]

    @property
    def open(self) -> Records:
        """The records of open trades."""
        return self.table[len(self.table) - self.open_count :]

    @cached_property
    def run_ups(self) -> Column:
        """The best profit of each trade while it was open, net of the entry's fee: 0 or more."""
        return np.maximum(0.0, self._profits(self._extremes[0]))

    @cached_property
    def drawdowns(self) -> Column:
        """The worst profit of each trade while it was open, net of the entry's fee: 0 or less."""
        return np.minimum(0.0, self._profits(self._extremes[1]))

    @cached_property
    def _extremes(self) -> tuple[Column, Column]:
        return excursions(self.table, self.path, self.slippage)

    def _profits(self, prices: Column) -> Column:
        t = self.table
        found: Column = t["side"] * t["quantity"] * (prices - t["entry_price"]) - t["entry_fee"]
        return found

    def __len__(self) -> int:
        """Count them."""
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trade]: ...
    def __getitem__(self, index: int | slice) -> Trade | list[Trade]:
        """Give a trade, or some."""
        if isinstance(index, slice):
            return [self._trade(i) for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._trade(index % len(self))

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same trades."""
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # compared by value, and holds arrays

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<{len(self)} trades, {self.open_count} of them open>"

    def frame(self) -> pd.DataFrame:
        """Give them as a table, one trade a row, times as timestamps in UTC; na where an open trade has nothing."""
        import pandas as pd  # noqa: PLC0415 - slow to load

        t, left = self.table, self.table["exit_reason"] != 0
        cost = self._cost
        return pd.DataFrame(
            {
                "side": np.where(t["side"] > 0, "long", "short"),
                "entry_time": pd.to_datetime(t["entry_time"], unit="ms", utc=True),
                "entry_price": t["entry_price"],
                "entry_reason": [_REASONS[reason] for reason in t["entry_reason"].tolist()],
                "quantity": t["quantity"],
                "exit_time": pd.to_datetime(t["exit_time"], unit="ms", utc=True).where(left),
                "exit_price": t["exit_price"],
                "exit_reason": [_REASONS.get(reason) for reason in t["exit_reason"].tolist()],
                "fees": t["fees"],
                "profit": t["profit"],
                "percent": t["percent"],
                "bars": t["bars"],
                "run_up": self.run_ups,
                "run_up_percent": 100 * self.run_ups / cost,
                "drawdown": self.drawdowns,
                "drawdown_percent": 100 * self.drawdowns / cost,
            }
        )

    @cached_property
    def _cost(self) -> Column:
        t = self.table
        found: Column = t["quantity"] * t["entry_price"] + t["entry_fee"]
        return found

    def _trade(self, i: int) -> Trade:
        t = dict(zip(self.table.dtype.names or (), self.table[i].item(), strict=True))
        left = t["exit_reason"] != 0
        cost, run_up, drawdown = float(self._cost[i]), float(self.run_ups[i]), float(self.drawdowns[i])
        return Trade(
            side="long" if t["side"] > 0 else "short",
            entry_time_ms=t["entry_time"],
            entry_price=t["entry_price"],
            entry_reason=_REASONS[t["entry_reason"]],
            quantity=t["quantity"],
            exit_time_ms=t["exit_time"] if left else None,
            exit_price=t["exit_price"] if left else None,
            exit_reason=_REASONS[t["exit_reason"]] if left else None,
            fees=t["fees"],
            profit=t["profit"] if left else None,
            percent=t["percent"] if left else None,
            bars=t["bars"],
            run_up=run_up,
            run_up_percent=100 * run_up / cost,
            drawdown=drawdown,
            drawdown_percent=100 * drawdown / cost,
        )


def trades_of(
    fills: Records, bars: Bars, path: Bars | None = None, slippage: Slippage | None = None, *, own: bool = False
) -> Trades:
    """Pair FILL records, first in first out: each exit that closes an entry, or a part of it, is a trade.

    `path` are the candles whose times the fills carry, where those are finer than the rule's `bars`; `slippage` is what
    market and stop fills slipped by. With `own`, an exit closes the entry that it names, and not the oldest.
    """
    rows = np.ascontiguousarray(fills["row"]) if path is None else np.searchsorted(path.time, fills["time"])
    return Trades(fills, len(bars) - 1, path or bars, rows, slippage or Slippage(), own=own)
