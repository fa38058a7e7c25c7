"""What `backtest` shows of a portfolio: the numbers of the whole, each symbol's share, and the last trades."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.cli.backtest_words import made_table, print_statistics, print_trades, say, uncertain_document
from engine.cli.output import console, moment, number

if TYPE_CHECKING:
    from engine.backtest.portfolio import PortfolioResult
    from engine.backtest.uncertainty import Uncertainty


def print_portfolio(result: PortfolioResult, uncertain: Uncertainty, *, synthetic: bool, most: int) -> None:
    """Print it, with the last `most` trades."""
    first = next(iter(result.results.values()))
    say(
        f"[bold]{first.rule.name}[/bold] on {len(result.results)} symbols out of one capital, candles of "
        f"{first.bars.timeframe}, {moment(int(result.time[0]))} to {moment(int(result.time[-1]))} UTC; at most "
        f"{result.most_open} open at once"
        + (f", {result.passed_over:,} entries passed over as no place was free" if result.passed_over else "")
    )
    if synthetic:
        say("[dim]The sample market is synthetic: these numbers say nothing about real markets.[/dim]")
    print_statistics(result.stats, uncertain)
    table = made_table(
        ("symbol", "candles", "trades", "profit", "percent profitable", "fees", "open"), tuple(range(1, 7))
    )
    for symbol, each in result.results.items():
        stats = each.stats
        percent = "-" if stats.winning_percent is None else f"{stats.winning_percent:.1f} %"
        table.add_row(
            symbol, f"{stats.bars:,}", f"{stats.closed_trades:,}", number(stats.total_profit), percent,
            number(stats.fees), number(stats.open_profit),
        )  # fmt: skip
    console.print(table, highlight=False)
    if most and result.trades:
        shown = result.trades[-most:]
        say(f"\nThe last {len(shown)} of {len(result.trades):,} trades (--trades N for more):")
        print_trades([trade for _, trade in shown], [symbol for symbol, _ in shown])


def portfolio_document(result: PortfolioResult, uncertain: Uncertainty, differences: list[str]) -> dict[str, object]:
    """Give all of it for --json."""
    first = next(iter(result.results.values()))
    return {
        "strategy": first.rule.name,
        "rule_sha256": first.rule.sha256,
        "timeframe": str(first.bars.timeframe),
        "costs": asdict(first.costs),
        "statistics": result.stats.numbers(),
        "uncertain": uncertain_document(uncertain),
        "months": [asdict(month) for month in result.stats.months],
        "most_open": result.most_open,
        "passed_over": result.passed_over,
        "symbols": {
            symbol: {"warmup_bars": each.warmup, "statistics": each.stats.numbers()}
            for symbol, each in result.results.items()
        },
        "trades": [{"symbol": symbol, **asdict(trade)} for symbol, trade in result.trades],
        "messages": [message.body() for message in result.messages],
        "not_as_expected": differences,
    }
