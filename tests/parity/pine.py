"""`make pine`: random strategies in our emulator of TradingView and in PyneCore's, trade for trade.

python -m tests.parity.pine [STRATEGIES] [FIRST_SEED]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.backtest import Result, backtest
from tests.parity.pine_runner import PineTrade, pine_trades
from tests.parity.pine_strategies import KINDS, Written, written

_AT_ONCE = 200


class Compared(NamedTuple):
    """A strategy, with the trades of both sides in one order."""

    written: Written
    ours: list[PineTrade]
    theirs: list[PineTrade]

    @property
    def equal(self) -> bool:
        return not differ(self.ours, self.theirs)

    @property
    def first_difference(self) -> str:
        pairs = zip(self.ours, self.theirs, strict=False)
        ours, theirs = next((pair for pair in pairs if not _same(*pair)), ("none", "none"))
        w = self.written
        counts = f"{len(self.ours)} trades, PyneCore {len(self.theirs)}"
        return f"seed {w.seed}: {counts}\n{w.rule_text}{w.script}{w.costs}\nours   {ours}\ntheirs {theirs}"


def compared(strategies: Sequence[Written]) -> list[Compared]:
    """Play strategies on both sides."""
    found = []
    for one, trades in zip(strategies, pine_trades([one.asked for one in strategies]), strict=True):
        ours, theirs = our_trades(_played(one)), ordered(trades)
        found.append(Compared(one, ours, _settled(ours, theirs) if one.costs.orders_on_close else theirs))
    return found


def _settled(ours: Sequence[PineTrade], theirs: Sequence[PineTrade]) -> list[PineTrade]:
    """Give a profit to trades that begin and end at one close, which PyneCore leaves at 0: ours."""
    left = [t.entry_bar == t.exit_bar and t.profit == 0.0 for t in theirs]
    known = [t._replace(profit=o.profit) if at_one else t for o, t, at_one in zip(ours, theirs, left, strict=False)]
    return [*known, *theirs[len(known) :]]


def differ(ours: Sequence[PineTrade], theirs: Sequence[PineTrade]) -> bool:
    """Tell whether bars differ at all, prices or amounts by 1e-9, profits by 1e-6: PyneCore's fees have ten digits."""
    return len(ours) != len(theirs) or not all(map(_same, ordered(ours), ordered(theirs)))


def chosen(count: int, first: int = 0) -> Iterator[Written]:
    """Give as many strategies, of all kinds by turns."""
    return (written(seed, KINDS[seed % len(KINDS)]) for seed in range(first, first + count))


def _played(one: Written) -> Result:
    return backtest(one.rule, one.bars, one.instrument, one.costs, warmup=0, finer=one.finer)


def our_trades(result: Result) -> list[PineTrade]:
    """Give our trades as PyneCore lists them, in one order."""
    found = []
    for t in result.trades.table:
        shut = t["exit_reason"] != 0
        leave = (int(t["exit_row"]), float(t["exit_price"]), float(t["profit"])) if shut else (0, 0.0, 0.0)
        entry = int(t["side"]), int(t["entry_row"]), float(t["entry_price"]), float(t["quantity"])
        found.append(PineTrade(*entry, *leave))
    return ordered(found)


def ordered(trades: Sequence[PineTrade]) -> list[PineTrade]:
    """Give trades in an order in which those of both sides stand beside each other."""
    return sorted(trades, key=lambda t: (t.entry_bar, t.side, t.exit_bar, round(t.exit_price, 6), round(t.quantity, 6)))


def _same(a: PineTrade, b: PineTrade) -> bool:
    near = all(abs(x - y) <= 1e-9 * abs(y) for x, y in ((a[2], b[2]), (a[3], b[3]), (a[5], b[5])))
    return near and (a.side, a.entry_bar, a.exit_bar) == (b.side, b.entry_bar, b.exit_bar) and abs(a[6] - b[6]) <= 1e-6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("strategies", type=int, nargs="?", default=2000)
    parser.add_argument("first", type=int, nargs="?", default=1000)
    asked = parser.parse_args()
    trades = different = 0
    for first in range(asked.first, asked.first + asked.strategies, _AT_ONCE):
        for found in compared(list(chosen(min(_AT_ONCE, asked.first + asked.strategies - first), first))):
            trades += len(found.theirs)
            different += not found.equal
            if not found.equal:
                print(found.first_difference, flush=True)  # noqa: T201 - its figures are what it is for
    print(f"{asked.strategies:,} strategies, {trades:,} trades; {different} strategies differ")  # noqa: T201


if __name__ == "__main__":
    main()
