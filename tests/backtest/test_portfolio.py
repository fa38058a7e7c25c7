"""Many symbols out of one capital."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.account import Account
from engine.backtest.portfolio import PortfolioResult, backtest_portfolio
from engine.backtest.prepared import Prepared
from engine.decisions import Costs
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule, read_rule_file
from engine.rules.rule import Rule

STRATEGIES = sorted((Path(__file__).resolve().parents[2] / "strategies").glob("*.yaml"))
HOURLY = Timeframe.parse("1h")
COSTS = Costs(capital=10_000, commission_percent=0.1)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


def rule(more: str = "", *, market: str = "futures", size: str = "{percent: 50}") -> Rule:
    short = "" if market == "spot" else 'short: {enter: "ta.crossunder(close, ta.sma(close, 20))"}'
    return read_rule(
        f"""
name: swing
market: {market}
timeframe: 1h
long: {{enter: "ta.crossover(close, ta.sma(close, 20))", exit: "ta.crossunder(close, ta.sma(close, 20))"}}
{short}
order: {{size: {size}}}
{more}
""",
        "rule",
    )


def members(made: Rule, count: int = 600, *, costs: Costs = COSTS, gaps: bool = False) -> dict[str, Prepared]:
    return {
        symbol: Prepared(
            made, sample_bars(symbol, HOURLY, SAMPLE_START_MS, count, gaps=gaps), sample_instrument(symbol), costs
        )
        for symbol in SYMBOLS
    }


def bodies(result: PortfolioResult) -> list[str]:
    return [message.json() for message in result.messages]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
def test_one_symbol_is_a_backtest(strategy: Path) -> None:
    """A portfolio of one symbol sends the messages, and has the equity and fills, of a backtest of it, to the bit."""
    made = read_rule_file(strategy)
    if any(feed.symbol for feed in made.plan().fetched):
        pytest.skip("looks at other symbols")
    bars = sample_bars(SYMBOLS[0], made.timeframe, SAMPLE_START_MS, made.plan().warmup + 1_200)
    prepared = Prepared(made, bars, sample_instrument(SYMBOLS[0]), COSTS)
    whole = backtest_portfolio({SYMBOLS[0]: prepared})
    alone = prepared.run()
    assert bodies(whole) == [message.json() for message in alone.messages]
    np.testing.assert_array_equal(whole.results[SYMBOLS[0]].fills, alone.fills)
    np.testing.assert_allclose(whole.equity, alone.equity, rtol=1e-12)


def test_nothing_is_lost_between_symbols() -> None:
    """At each moment the equity is the capital and what all symbols gained; in the end, what all trades made."""
    result = backtest_portfolio(members(rule(), gaps=True))
    assert len({len(each.equity) for each in result.results.values()}) > 1  # gaps of their own
    for at in (0, 100, len(result.time) - 1):
        gains = 0.0
        for each in result.results.values():
            known = int(np.searchsorted(each.bars.time[each.warmup :], result.time[at], side="right"))
            gains += float(each.equity[known - 1]) - COSTS.capital if known else 0.0
        assert result.equity[at] == pytest.approx(COSTS.capital + gains)
    closed = sum(trade.profit for _, trade in result.trades if trade.profit is not None)
    stats = result.stats
    assert stats.net_profit == pytest.approx(closed - sum(t.fees for _, t in result.trades if t.profit is None))
    assert stats.net_profit + stats.open_profit == pytest.approx(stats.total_profit)
    assert stats.funding == 0
    assert stats.closed_trades == sum(each.stats.closed_trades for each in result.results.values())
    assert stats.max_contracts is None
    assert stats.max_drawdown_intrabar is None


def test_sizes_follow_the_equity_of_the_whole() -> None:
    """An entry is sized by what all symbols have gained by then, not by its own alone."""
    result = backtest_portfolio(members(rule()))
    checked = 0
    for each in result.results.values():
        for decision in each.decisions:
            fill = next((f for f in each.fills if f["decided"] == decision.time_ms and f["move"] in (1, 3)), None)
            if decision.move.opens and fill is not None and decision.time_ms in result.time:
                at = int(np.searchsorted(result.time, decision.time_ms))
                # Symbols that are served later stand at the close before.
                near = result.equity[max(0, at - 1) : at + 1]
                value = fill["quantity"] * decision.close
                assert 0.5 * near.min() * 0.97 < value <= 0.5 * near.max() * 1.01
                checked += 1
    assert checked > 30
    assert abs(result.equity[-1] / COSTS.capital - 1) > 0.02


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_are_open_than_may_be(most: int) -> None:
    """At no time are more symbols in a position than `max_open`, and what found no place is counted."""
    result = backtest_portfolio(members(rule()), most)
    spans = [(t.entry_time_ms, t.exit_time_ms or 2**62) for _, t in result.trades]
    moments = sorted({moment for span in spans for moment in span})
    for start, _ in pairwise(moments):
        assert sum(enter <= start < leave for enter, leave in spans) <= most
    assert result.most_open == most
    assert result.passed_over > 0
    assert backtest_portfolio(members(rule()), 3).passed_over == 0


def test_the_first_symbol_is_served_first() -> None:
    """Of entries at one close, the symbol that stands first gets the last place; the order is all that decides."""
    bars = sample_bars(SYMBOLS[0], HOURLY, SAMPLE_START_MS, 600)
    twins = {name: Prepared(rule(), bars, sample_instrument(name), COSTS) for name in ("B/USDT:USDT", "A/USDT:USDT")}
    result = backtest_portfolio(twins, 1)
    first, second = result.results.values()
    assert len(first.trades) > 0
    assert len(second.trades) == 0
    assert bodies(result) == bodies(backtest_portfolio(dict(twins), 1))


def test_bars_that_are_left_out_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stepping every bar of every symbol gives the same as leaving out those in which nothing can happen."""
    more = "cooldown: {bars: 5, after: any}\nmax_bars: 30"
    quick = backtest_portfolio(members(rule(more), gaps=True), 2)
    made = Account.__init__

    def every_bar(self: Account, *given: object) -> None:
        made(self, *given)  # type: ignore[arg-type]
        self.waiting_always = True  # type: ignore[attr-defined]
        self.interesting = [True] * len(self.interesting)

    monkeypatch.setattr(Account, "__init__", every_bar)
    slow = backtest_portfolio(members(rule(more), gaps=True), 2)
    assert bodies(quick) == bodies(slow)
    np.testing.assert_array_equal(quick.equity, slow.equity)
    assert quick.passed_over < slow.passed_over


def test_on_spot_what_others_hold_is_not_there() -> None:
    """Positions of all symbols together are never worth more than the equity, where nothing can be borrowed."""
    result = backtest_portfolio(members(rule(market="spot", size="{percent: 60}")))
    held = np.zeros(len(result.time))
    for each in result.results.values():
        for trade in each.trades.table:
            first = int(np.searchsorted(result.time, trade["entry_time"]))
            last = int(np.searchsorted(result.time, trade["exit_time"])) if trade["exit_reason"] else len(result.time)
            held[first:last] += trade["quantity"] * trade["entry_price"]
    assert (held / result.equity).max() < 1.03  # prices move between decision and fill
    assert (held / result.equity).max() > 0.8
    assert result.most_open == 3


def test_a_loss_limit_is_of_the_whole() -> None:
    """A drawdown limit looks at the equity of all symbols: when it is reached, each closes and none enters again."""
    free = backtest_portfolio(members(rule(), 1500))
    limit = 0.6 * free.stats.max_drawdown_percent
    halted = backtest_portfolio(members(rule(f"limits: {{drawdown: {{percent: {limit:.3f}}}}}"), 1500))
    assert halted.stats.max_drawdown_percent == pytest.approx(limit, rel=0.4)
    last = max(trade.entry_time_ms for _, trade in halted.trades)
    assert last < max(trade.entry_time_ms for _, trade in free.trades)


def test_leverage_is_shared() -> None:
    """With a leverage of 1, three symbols cannot each hold half of the equity."""
    costs = replace(COSTS, leverage=1.0)
    bound = backtest_portfolio(members(rule(size="{percent: 90}"), costs=costs))
    free = backtest_portfolio(members(rule(size="{percent: 90}")))
    assert free.most_open == 3
    shares = [t.quantity * t.entry_price / COSTS.capital for _, t in bound.trades]
    assert min(shares) < 0.2
    assert min(t.quantity * t.entry_price / COSTS.capital for _, t in free.trades) > 0.5
