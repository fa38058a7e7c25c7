"""What a difference between two lists of trades usually comes from: a setting that the export does not state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from engine.backtest.compare import Comparison, Pair

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_MOST = 0.8  # of the trades that differ: what most of them share is no chance
_AMOUNTS = "amounts differ and prices do not: check --lot, --capital, --size, and what else the equity depends on"
_MEANINGS = {
    ("quantity",): _AMOUNTS,
    ("quantity", "profit"): _AMOUNTS,
    ("profit",): "only profits differ: check --commission, --commission-per-order and --commission-per-contract",
}


def suspects(comparison: Comparison, tick: Decimal) -> list[str]:
    """Say what the differences have in common, if anything: a line each, with the options to look at."""
    return [*_shifted(comparison), *_fields(comparison), *_slipped(comparison, tick)]


def _shifted(comparison: Comparison) -> Iterator[str]:
    """Find trades that are there twice, with one distance in time between: another zone, or another bar's name."""
    alone = [pair for pair in comparison.pairs if pair.ours is None or pair.theirs is None]
    mine = [pair.ours for pair in alone if pair.ours is not None]
    prices: dict[tuple[str, str], int] = {(t.side, f"{t.entry_price:.8g}"): t.entry_time_ms for t in mine}
    distances: Counter[int] = Counter()
    for pair in alone:
        if pair.theirs is not None:
            at = prices.get((pair.theirs.side, f"{float(pair.theirs.entry_price):.8g}"))
            if at is not None and abs(at - pair.theirs.entry_time_ms) <= _DAY_MS:
                distances[at - pair.theirs.entry_time_ms] += 1
    for distance, count in distances.most_common(1):
        if distance and count > len(mine) / 4 and count > 1:
            hours, word = abs(distance) / _HOUR_MS, "earlier" if distance > 0 else "later"
            yield (
                f"{count} trades stand in TradingView's list {hours:g} hours {word}: "
                "its times are in the chart's time zone; check --zone"
            )


def _fields(comparison: Comparison) -> Iterator[str]:
    different = [pair for pair in comparison.pairs if pair.differences]
    kinds = Counter(_kind(pair) for pair in different)
    for kind, count in kinds.most_common(1):
        if count >= _MOST * len(different) and kind in _MEANINGS:
            yield _MEANINGS[kind]
            if "quantity" in kind and (step := _step(comparison)) < 1:
                yield f"TradingView's amounts are whole steps of {step}: --lot {step}"


def _step(comparison: Comparison) -> Decimal:
    """Give the step that the list's amounts are written in."""
    amounts = (pair.theirs.quantity.normalize() for pair in comparison.pairs if pair.theirs is not None)
    return Decimal(1).scaleb(min(int(amount.as_tuple().exponent) for amount in amounts))


def _kind(pair: Pair) -> tuple[str, ...]:
    fields = {difference.field.removesuffix(" %") for difference in pair.differences}
    return tuple(
        name for name in ("entry price", "exit", "exit time", "exit price", "quantity", "profit") if name in fields
    )


def _slipped(comparison: Comparison, tick: Decimal) -> Iterator[str]:
    """Find entries that are all worse by the same number of ticks."""
    pairs = [pair for pair in comparison.pairs if pair.ours is not None and pair.theirs is not None]
    steps: Counter[int] = Counter()
    for pair in pairs:
        if pair.ours is not None and pair.theirs is not None and tick:
            worse = pair.theirs.entry_price - Decimal(repr(pair.ours.entry_price))
            steps[round((worse if pair.ours.side == "long" else -worse) / tick)] += 1
    for count, found in steps.most_common(1):
        if count and found >= _MOST * len(pairs):
            ticks = f"{abs(count)} tick{'' if abs(count) == 1 else 's'}"
            yield f"TradingView's entries are {ticks} {'worse' if count > 0 else 'better'}: check --slippage"
