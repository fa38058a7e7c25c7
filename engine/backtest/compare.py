"""Our trades beside TradingView's, one to one: what agrees, what differs, what only one side has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.adapters.tradingview_trades import ExportedTrade
from engine.backtest.trades import Trade, Trades
from engine.decisions import Costs
from engine.market import Bars

_NOISE, _LAST_BITS = Decimal("1e-9"), Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not the same; times are ms UTC, texts as a person reads them."""

    field: str
    ours: int | str
    theirs: int | str


@dataclass(frozen=True, slots=True)
class Pair:
    """A trade of ours and TradingView's, None where one side has none."""

    ours: Trade | None
    theirs: ExportedTrade | None
    differences: tuple[Difference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both are there and say the same."""
        return self.ours is not None and self.theirs is not None and not self.differences

    @property
    def first_ms(self) -> int:
        """When they part: at the entry where it differs or only one side has it, else at the earlier exit."""
        entries = [t.entry_time_ms for t in (self.ours, self.theirs) if t is not None]
        exits = [t.exit_time_ms for t in (self.ours, self.theirs) if t is not None and t.exit_time_ms is not None]
        at_entry = len(entries) < 2 or any(d.field.startswith(("entry", "quantity")) for d in self.differences)
        return min(entries) if at_entry or not exits else min(exits)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All trades of both sides, in order of entry. Of ours, times are those of the chart's bars."""

    pairs: tuple[Pair, ...]

    @property
    def equal(self) -> bool:
        """Whether there is a trade at all, and none differs."""
        return bool(self.pairs) and all(pair.equal for pair in self.pairs)

    @property
    def first_difference(self) -> Pair | None:
        """Give the pair that parts first in time; None where all agree."""
        return min((pair for pair in self.pairs if not pair.equal), key=lambda pair: pair.first_ms, default=None)

    @property
    def counts(self) -> dict[str, int]:
        """Count the trades that are equal, that differ, and that only one side has."""
        both = [pair for pair in self.pairs if pair.ours is not None and pair.theirs is not None]
        return {
            "equal": sum(pair.equal for pair in both),
            "different": sum(not pair.equal for pair in both),
            "only_ours": sum(pair.theirs is None for pair in self.pairs),
            "only_theirs": sum(pair.ours is None for pair in self.pairs),
        }


def compare(ours: Trades, theirs: Sequence[ExportedTrade], bars: Bars, tick: Decimal, costs: Costs) -> Comparison:
    """Match by side and entry time, trades of one entry in order of their exits; then field by field.

    Times are those of the rule's own `bars`, and equal to the millisecond; prices to half a `tick`, quantity to a
    relative 1e-9, profit and percent to the export's digits. An open trade is valued as the export does it: as if it
    were closed at the last close, with what that would cost. When and at what price is not compared then.
    """
    last = float(bars.close[-1])
    return Comparison(tuple(_pair(a, b, last, tick, costs) for a, b in _matched(_charted(ours, bars), theirs)))


def fee_of(costs: Costs, quantity: float, price: float) -> float:
    """Give what a market order costs."""
    by_value = quantity * price * costs.commission_percent / 100
    return by_value + quantity * costs.commission_per_contract + costs.commission_per_order


def _charted(trades: Trades, bars: Bars) -> list[Trade]:
    """Give trades with the times of the chart's bars, as exports have them; ours may be those of finer candles."""
    times, rows = bars.time.tolist(), zip(trades.table["entry_row"].tolist(), trades.table["exit_row"], strict=True)
    return [
        replace(t, entry_time_ms=times[enter], exit_time_ms=None if t.exit_time_ms is None else times[leave])
        for t, (enter, leave) in zip(trades, rows, strict=True)
    ]


def _matched(
    ours: Sequence[Trade], theirs: Sequence[ExportedTrade]
) -> Iterator[tuple[Trade | None, ExportedTrade | None]]:
    """Walk both in order of time; what has no partner at its entry's time and side stands alone."""
    mine, other = sorted(ours, key=_key), sorted(theirs, key=_key)
    i = j = 0
    while i < len(mine) or j < len(other):
        if j == len(other) or (i < len(mine) and _key(mine[i])[:2] < _key(other[j])[:2]):
            yield mine[i], None
            i += 1
        elif i == len(mine) or _key(other[j])[:2] < _key(mine[i])[:2]:
            yield None, other[j]
            j += 1
        else:
            yield mine[i], other[j]
            i, j = i + 1, j + 1


def _key(trade: Trade | ExportedTrade) -> tuple[int, str, float]:
    open_ = trade.exit_time_ms is None or (isinstance(trade, ExportedTrade) and trade.is_open)
    return trade.entry_time_ms, trade.side, float("inf") if open_ else float(trade.exit_time_ms or 0)


def _pair(ours: Trade | None, theirs: ExportedTrade | None, last: float, tick: Decimal, costs: Costs) -> Pair:
    if ours is None or theirs is None:
        return Pair(ours, theirs)
    found: list[Difference] = []

    def note(field: str, same: bool, mine: object, other: object) -> None:
        if not same:
            texts = (value if isinstance(value, int) else str(value) for value in (mine, other))
            found.append(Difference(field, *texts))

    def price(field: str, mine: float, other: Decimal) -> None:
        note(field, _near(mine, other, tick), f"{mine:.10g}", other)

    price("entry price", ours.entry_price, theirs.entry_price)
    if (ours.exit_time_ms is None) != theirs.is_open:
        note("exit", False, "open" if ours.exit_time_ms is None else "closed", "open" if theirs.is_open else "closed")
    elif ours.exit_time_ms is not None and ours.exit_price is not None and theirs.exit_price is not None:
        note("exit time", ours.exit_time_ms == theirs.exit_time_ms, ours.exit_time_ms, theirs.exit_time_ms)
        price("exit price", ours.exit_price, theirs.exit_price)
    note("quantity", _same(ours.quantity, theirs.quantity), f"{ours.quantity:.10g}", theirs.quantity)
    profit, percent = profit_of(ours, last, costs)
    for field, value, shown in (("profit", profit, theirs.profit), ("profit %", percent, theirs.percent)):
        if shown is not None:
            note(field, _same_digits(value, shown), f"{value:.6g}", shown)
    return Pair(ours, theirs, tuple(found))


def profit_of(trade: Trade, last: float, costs: Costs) -> tuple[float, float]:
    """Give profit and percent; of an open trade, as if it were closed at the `last` price."""
    if trade.profit is not None and trade.percent is not None:
        return trade.profit, trade.percent
    direction, fee = 1 if trade.side == "long" else -1, fee_of(costs, trade.quantity, last)
    profit = direction * trade.quantity * (last - trade.entry_price) - trade.fees - fee
    return profit, 100 * profit / (trade.quantity * trade.entry_price + trade.fees)


def _near(actual: float, shown: Decimal, tick: Decimal) -> bool:
    """Compare prices to half a step; without one, as they are. Trailing zeros are not shown, so digits say nothing."""
    return abs(Decimal(repr(actual)) - shown) < tick / 2 if tick else _same(actual, shown)


def _same(actual: float, shown: Decimal) -> bool:
    return abs(Decimal(repr(actual)) - shown) <= _NOISE * abs(shown)


def _same_digits(actual: float, shown: Decimal) -> bool:
    """Compare money to the digits shown: two decimals, and below 0.01 one digit that is not zero."""
    exponent = min(int(shown.as_tuple().exponent), -2)
    return abs(Decimal(repr(float(actual))) - shown) <= Decimal(5).scaleb(exponent - 1) + _LAST_BITS
