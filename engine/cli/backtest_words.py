"""What `backtest` shows: the Strategy Tester's numbers, what depends on the unknown, months, and the last trades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.cli.output import console, moment, number, price

if TYPE_CHECKING:
    from rich.table import Table

    from engine.backtest import Result, Statistics, Trade
    from engine.backtest.statistics_equity import Month
    from engine.backtest.statistics_trades import TradeStatistics
    from engine.backtest.uncertainty import Uncertainty

_WIDE = 110  # columns of a terminal that has room for all of a trade
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def print_result(result: Result, uncertain: Uncertainty, *, synthetic: bool, most: int) -> None:
    """Print it, with the last `most` trades."""
    bars = result.bars
    say(
        f"[bold]{result.rule.name}[/bold] on {result.author.instrument.symbol}, {len(bars):,} candles of "
        f"{bars.timeframe}, {moment(int(bars.time[0]))} to {moment(int(bars.time[-1]))} UTC; "
        f"trading begins after {result.warmup:,} candles of warm-up"
    )
    if result.costs.tradingview:
        say("[dim]Filled as in TradingView's Strategy Tester, which is more than a webhook can do.[/dim]")
    if synthetic:
        say("[dim]The sample market is synthetic: these numbers say nothing about real markets.[/dim]")
    print_statistics(result.stats, uncertain)
    if most and result.trades:
        say(f"\nThe last {min(most, len(result.trades))} of {len(result.trades):,} trades (--trades N for more):")
        print_trades(result.trades[-most:])


def print_statistics(stats: Statistics, uncertain: Uncertainty | None) -> None:
    """Print the numbers of a result."""
    table = made_table(("", "all", "long", "short"), right=(1, 2, 3))
    for name, *cells in _trade_rows(stats, stats.long, stats.short):
        table.add_row(name, *cells)
    console.print(table, highlight=False)
    console.print(_pairs(_equity_rows(stats, uncertain)), highlight=False)
    if len(stats.months) > 1:
        console.print(_months(stats.months), highlight=False)


def print_trades(trades: Iterable[Trade], symbols: Iterable[str] | None = None) -> None:
    """Print a list of trades."""
    wide = console.width >= _WIDE
    heads = ("symbol", "side", "in (UTC)", "at", "out (UTC)", "at", "why", "profit", "%", "run-up", "drawdown")
    # What a narrow terminal has no room for; of a cut-off price nobody has any use.
    left_out = () if wide else ("why", "%", *heads[-2:]) if symbols else heads[-2:]
    shown = [head for head in heads if (symbols or head != "symbol") and head not in left_out]
    right = tuple(i for i, head in enumerate(shown) if head in ("at", *heads[-4:]))
    table = made_table(tuple(shown), right, apart=2 if wide or not symbols else 1)
    named = zip(symbols, trades, strict=True) if symbols else (("", trade) for trade in trades)
    for symbol, trade in named:
        cells = (
            symbol,
            trade.side,
            moment(trade.entry_time_ms)[2:],
            price(trade.entry_price),
            moment(trade.exit_time_ms)[2:] or "open",
            price(trade.exit_price),
            trade.exit_reason or "",
            number(trade.profit) if trade.profit is not None else "",
            number(trade.percent) if trade.percent is not None else "",
            number(trade.run_up),
            number(trade.drawdown),
        )
        table.add_row(*(cell for head, cell in zip(heads, cells, strict=True) if head in shown))
    console.print(table, highlight=False)


def say(text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, soft_wrap=True)


def document(result: Result, uncertain: Uncertainty, differences: list[str]) -> dict[str, object]:
    """Give all of it for --json."""
    return {
        "strategy": result.rule.name,
        "rule_sha256": result.rule.sha256,
        "symbol": result.author.instrument.symbol,
        "timeframe": str(result.bars.timeframe),
        "warmup_bars": result.warmup,
        "costs": asdict(result.costs),
        "statistics": result.stats.numbers(),
        "uncertain": uncertain_document(uncertain),
        "months": [asdict(month) for month in result.stats.months],
        "trades": [asdict(trade) for trade in result.trades],
        "messages": [message.body() for message in result.messages],
        "fingerprint": {text: list(golden) for text, golden in result.fingerprint.items()},
        "not_as_expected": differences,
    }


def uncertain_document(uncertain: Uncertainty) -> dict[str, float | None]:
    """Give the uncertain share for --json."""
    return {**asdict(uncertain), "share_percent": uncertain.share_percent}


def _trade_rows(*sides: TradeStatistics) -> Iterator[tuple[str, ...]]:
    def row(name: str, *cells: str) -> tuple[str, ...]:
        return name, *cells

    yield row("net profit", *(f"{number(s.net_profit)} ({s.net_profit_percent:+.2f} %)" for s in sides))
    yield row("gross profit", *(number(s.gross_profit) for s in sides))
    yield row("gross loss", *(number(s.gross_loss) for s in sides))
    yield row("profit factor", *(number(s.profit_factor) for s in sides))
    yield row("closed trades", *(f"{s.closed_trades:,}" for s in sides))
    yield row("winning, losing", *(f"{s.winning_trades:,}, {s.losing_trades:,}" for s in sides))
    yield row("percent profitable", *(_percent(s.winning_percent) for s in sides))
    yield row("average trade", *(_money(s.average_trade, s.average_trade_percent) for s in sides))
    yield row("average win", *(_money(s.average_win, s.average_win_percent) for s in sides))
    yield row("average loss", *(_money(s.average_loss, s.average_loss_percent) for s in sides))
    yield row("average win / loss", *(number(s.average_win_to_loss) for s in sides))
    yield row("largest win", *(_money(s.largest_win, s.largest_win_percent) for s in sides))
    yield row("largest loss", *(_money(s.largest_loss, s.largest_loss_percent) for s in sides))
    yield row("candles in a trade", *(number(s.average_trade_bars, 1) for s in sides))
    yield row(
        "  winning, losing", *(f"{number(s.average_win_bars, 1)}, {number(s.average_loss_bars, 1)}" for s in sides)
    )
    yield row("longest losing run", *(f"{s.longest_losing_run:,}" for s in sides))
    if sides[0].max_contracts is not None:
        yield row("most held at once", *(f"{s.max_contracts:,.8g}" for s in sides))
    yield row("fees", *(number(s.fees) for s in sides))


def _equity_rows(s: Statistics, uncertain: Uncertainty | None) -> Iterator[tuple[str, str]]:
    total = f"{number(s.total_profit)} ({s.total_profit_percent:+.2f} %)"
    yield "total profit", f"{total}, open positions {number(s.open_profit)}"
    if s.funding:
        yield "funding", number(s.funding)
    if uncertain is not None:
        yield "  uncertain", _uncertain(uncertain)
    yield "buy and hold", f"{number(s.buy_and_hold)} ({s.buy_and_hold_percent:+.2f} %)"
    yield "a year", f"{number(s.annual_return_percent)} %" if s.annual_return_percent is not None else "-"
    yield "greatest drawdown", _money(s.max_drawdown, s.max_drawdown_percent)
    if s.max_drawdown_intrabar is not None:
        yield "  inside candles", _money(s.max_drawdown_intrabar, s.max_drawdown_intrabar_percent)
    yield "greatest run-up", _money(s.max_run_up, s.max_run_up_percent)
    if s.max_run_up_intrabar is not None:
        yield "  inside candles", _money(s.max_run_up_intrabar, s.max_run_up_intrabar_percent)
    longest = f"at most {s.longest_under_water_bars:,} candles"
    yield "under water", f"{number(s.under_water_percent, 1)} % of the time, {longest}"
    yield "Sharpe, Sortino", f"{number(s.sharpe)}, {number(s.sortino)} a year"
    yield "  of months", f"{number(s.sharpe_monthly)}, {number(s.sortino_monthly)} (the Strategy Tester's)"
    yield "Calmar", number(s.calmar)
    yield "time in the market", f"{number(s.exposure_percent, 1)} %"
    if s.margin_calls:
        yield "margin calls", str(s.margin_calls)
    yield "entries refused", str(s.refused_entries)


def _uncertain(uncertain: Uncertainty) -> str:
    if uncertain.best == uncertain.worst:
        return "nothing: the order of prices inside candles does not matter"
    share = uncertain.share_percent
    text = f"between {number(uncertain.worst)} and {number(uncertain.best)}, by the order of prices inside candles"
    return text if share is None else f"{text} ({number(share, 1)} % of it)"


def _months(months: tuple[Month, ...]) -> Table:
    table = made_table(("", *_MONTHS, "year"), right=tuple(range(1, 14)), apart=1)
    by_year: dict[int, dict[int, float]] = {}
    for month in months:
        by_year.setdefault(month.year, {})[month.month] = month.percent
    for year, percents in by_year.items():
        cells = [f"{percents[m]:+.1f}" if m in percents else "" for m in range(1, 13)]
        growth = 1.0
        for percent in percents.values():
            growth *= 1 + percent / 100
        table.add_row(str(year), *cells, f"{100 * (growth - 1):+.1f}")
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{number(value, 1)} %"


def _money(value: float | None, percent: float | None) -> str:
    return "-" if value is None or percent is None else f"{number(value)} ({number(percent)} %)"


def made_table(heads: tuple[str, ...], right: tuple[int, ...], *, apart: int = 2) -> Table:
    """Give an empty table; `right` are the columns of numbers."""
    from rich.table import Table

    table = Table(box=None, padding=(0, apart, 0, 0), pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, no_wrap=head != "why", justify="right" if i in right else "left")
    return table


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table
