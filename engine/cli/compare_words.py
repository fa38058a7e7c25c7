"""What `compare` shows: a verdict, the first difference with both views, and why our side did what it did."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.backtest.compare import profit_of
from engine.cli.output import console, moment, number, plain_values, price

if TYPE_CHECKING:
    from engine.app.compare import Compared
    from engine.backtest.compare import Pair


def print_compared(found: Compared) -> None:
    """Print it."""
    bars, costs, instrument = found.prepared.bars, found.prepared.costs, found.prepared.instrument
    theirs = sum(pair.theirs is not None for pair in found.comparison.pairs)
    _say(
        f"[bold]{found.prepared.rule.name}[/bold] on {instrument.symbol}: {len(bars):,} candles of {bars.timeframe}, "
        f"{moment(int(bars.time[0]))} to {moment(int(bars.time[-1]))} UTC"
    )
    commissions = [
        f"{costs.commission_percent:g} %" if costs.commission_percent else "",
        f"{costs.commission_per_contract:g} per contract" if costs.commission_per_contract else "",
        f"{costs.commission_per_order:g} per order" if costs.commission_per_order else "",
    ]
    if costs.maker_percent is not None:
        commissions.append(f"{costs.maker_percent:g} % of limit orders")
    slips = [
        f"{costs.slippage_ticks:g} tick{'' if costs.slippage_ticks == 1 else 's'}" if costs.slippage_ticks else "",
        f"{costs.slippage_percent:g} %" if costs.slippage_percent else "",
    ]
    commission = " + ".join(filter(None, commissions)) or "none"
    _say(
        f"[dim]capital {number(costs.capital, 0)}, commission {commission}, slippage "
        f"{' + '.join(filter(None, slips)) or 'none'}, tick {instrument.tick or 'unknown'}, "
        f"lot {instrument.lot or 'none'}, "
        f"{'filled as in the Strategy Tester' if costs.tradingview else 'filled as the webhook can'}[/dim]"
    )
    _say(f"{len(found.result.trades):,} trades here, {theirs:,} in {found.trades_file}")
    counts = found.comparison.counts
    if found.comparison.equal:
        _say(
            f"\n[green]EQUAL[/green]: all {counts['equal']:,} trades have the same side, times, prices, quantity and "
            "profit, to the digits of the list"
        )
        return
    if not found.comparison.pairs:
        _say("\n[red]NOTHING TO COMPARE[/red]: neither side has a trade")
        return
    _say(
        f"\n[red]DIFFERENT[/red]: {counts['equal']:,} trades are equal, {counts['different']:,} differ, "
        f"{counts['only_ours']:,} are only here, {counts['only_theirs']:,} only in TradingView's list"
    )
    for line in found.suspects:
        _say(f"  {line}")
    if parted := found.comparison.first_difference:
        _print_pair(found, parted)
    if found.why is not None:
        from engine.cli.why import print_why

        _say("\nWhat the rule said at the close before that:\n")
        print_why(found.why)


def _print_pair(found: Compared, pair: Pair) -> None:
    from rich.table import Table

    _say(f"\nThe first difference, at the candle that opens {moment(pair.first_ms)} UTC:")
    table = Table(box=None, padding=(0, 3, 0, 0))
    title = "only here" if pair.theirs is None else f"TradingView, trade {pair.theirs.number} (line {pair.theirs.line})"
    for heading in ("", "here" if pair.ours else "nothing here", title if pair.theirs else "nothing in the list", ""):
        table.add_column(heading)
    different = {difference.field for difference in pair.differences}
    for field, mine, other in views(found, pair):
        mark = "◀ differs" if field in different else ""
        table.add_row(field, mine, other, mark, style="red" if mark else "")
    console.print(table, highlight=False)


def views(found: Compared, pair: Pair) -> list[tuple[str, str, str]]:
    """Give name, ours and theirs of each field, "" for what a side does not have."""
    ours, theirs = pair.ours, pair.theirs
    mine: tuple[str, ...] = ("",) * 9
    other = mine
    if ours is not None:
        profit, percent = profit_of(ours, float(found.prepared.bars.close[-1]), found.prepared.costs)
        mine = (
            ours.side, moment(ours.entry_time_ms), price(ours.entry_price), moment(ours.exit_time_ms) or "open",
            price(ours.exit_price), f"{ours.quantity:.10g}", f"{profit:.6g}", f"{percent:.4g}", ours.exit_reason or "",
        )  # fmt: skip
    if theirs is not None:
        other = (
            theirs.side, moment(theirs.entry_time_ms), str(theirs.entry_price),
            "open" if theirs.is_open else moment(theirs.exit_time_ms),
            "" if theirs.is_open else str(theirs.exit_price or ""), str(theirs.quantity), str(theirs.profit or 0),
            str(theirs.percent or 0), theirs.exit_signal,
        )  # fmt: skip
    names = (
        "side",
        "entry time",
        "entry price",
        "exit time",
        "exit price",
        "quantity",
        "profit",
        "profit %",
        "exit by",
    )
    return list(zip(names, mine, other, strict=True))


def document(found: Compared) -> dict[str, object]:
    """Give the same for --json: all pairs that differ, and the explanation of the first."""
    bars, comparison = found.prepared.bars, found.comparison
    return {
        "strategy": found.prepared.rule.name,
        "symbol": found.prepared.instrument.symbol,
        "timeframe": str(bars.timeframe),
        "candles": len(bars),
        "first_ms": int(bars.time[0]),
        "last_ms": int(bars.time[-1]),
        "costs": asdict(found.prepared.costs),
        "tick": float(found.prepared.instrument.tick),
        "lot": float(found.prepared.instrument.lot),
        "trades_file": found.trades_file,
        "equal": comparison.equal,
        "counts": comparison.counts,
        "suspects": found.suspects,
        "differences": [
            {
                "at_ms": pair.first_ms,
                "ours": plain_values(asdict(pair.ours)) if pair.ours else None,
                "theirs": _plain(asdict(pair.theirs)) if pair.theirs else None,
                "fields": [asdict(difference) for difference in pair.differences],
            }
            for pair in sorted((p for p in comparison.pairs if not p.equal), key=lambda p: p.first_ms)
        ],
        "why": plain_values(asdict(found.why)) if found.why else None,
    }


def _plain(trade: dict[str, object]) -> dict[str, object]:
    """Give numbers as they are written in the list: texts, to the digit."""
    return {
        name: value if value is None or isinstance(value, int | str) else str(value) for name, value in trade.items()
    }


def _say(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
