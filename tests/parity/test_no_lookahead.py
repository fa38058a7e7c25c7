"""Nothing that is decided or computed knows anything of what comes later, on whichever candles it is computed."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import Result, backtest
from engine.decisions import Costs
from engine.live.session import Session
from engine.market import Bars, Timeframe
from engine.market.feed import Feed
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import Rule, read_rule
from engine.rules.feeds import feeds_of
from engine.rules.single import plan_text
from tests.parity.candles import SAMPLE, STRATEGIES, candles, others_of, rule_on
from tests.parity.made_rules import rules
from tests.rules.test_plan import CALLS

OWN, ETH, XRP = "BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT"
COSTS = Costs(capital=10_000, commission_percent=0.05, slippage_ticks=2)
RULE = f"""\
name: feeds
market: futures
timeframe: 1h
define:
  trend: request.security("", "4h", ta.sma(close, 6))
  day: request.security("", "D", ta.sma(close, 300))
  lead: request.security("{ETH}", "2h", ta.rsi(close, 3))
  calm: request.security("{XRP}", "1h", ta.atr(5) < ta.atr(20) * 1.5)
  fast: ta.sma(close, 3)
long:
  enter: {{all: ["ta.crossover(fast, trend)", "lead > 30", "calm"]}}
  exit: fast < trend[2]
short:
  enter: {{all: ["ta.crossunder(fast, trend)", "lead < 70", "close < 2 * day"]}}
stop_loss: {{percent: 2}}
order: {{size: {{percent: 20}}}}
"""


@cache
def sample(symbol: str, start: int, count: int, length: str = "1h", *, gaps: bool = False) -> Bars:
    """Give candles from `start` days after the sample's start on."""
    timeframe = Timeframe.parse(length)
    return sample_bars(symbol, timeframe, SAMPLE_START_MS + start * 86_400_000, count, gaps=gaps)


def until(bars: Bars, closed_ms: int) -> Bars:
    """Give what has closed at a moment."""
    return bars[: int(bars.closes_ms.searchsorted(closed_ms, side="right"))]


def bodies(result: Result) -> list[str]:
    return [message.json() for message in result.messages]


# Generated expressions and shipped strategies

_SYMBOLS, _LENGTHS = st.sampled_from(["", ETH]), st.sampled_from(["1h", "2h", "4h", "1d"])
_ASKED = st.builds('request.security("{}", "{}", {})'.format, _SYMBOLS, _LENGTHS, CALLS)
_TERMS = st.one_of(CALLS, _ASKED, _ASKED, st.builds("ta.sma({}, 3)".format, _ASKED))


@given(_TERMS, _ASKED, st.sampled_from(["+", "<", "== 1 ? 1 : 2 *"]), st.integers(0, 3), st.data())
@settings(max_examples=40, deadline=None)
def test_the_future_changes_no_value(a: str, b: str, operator: str, ago: int, data: st.DataObject) -> None:
    """Cutting all candles, the other symbol's too, at the close of any bar leaves every value until then identical."""
    bars, other = sample(OWN, 0, 150, gaps=True), sample(ETH, 0, 150)
    plan = plan_text(f"({a} {operator} {b})[{ago}]")
    cut = data.draw(st.integers(1, len(bars) - 1))
    closed_ms = int(bars[cut - 1 : cut].closes_ms[0])
    values = []
    for moment_ms in (2**62, closed_ms):
        given_ = {ETH: until(other, moment_ms)} if any(feed.symbol for feed in plan.feeds) else {}
        values.append(plan.evaluate(until(bars, moment_ms), feeds_of(plan, given_))["value"])
    assert len(values[1]) == cut < len(values[0])
    np.testing.assert_array_equal(values[1], values[0][:cut])


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda path: path.stem)
def test_the_future_changes_nothing_of_a_shipped_strategy(strategy: Path) -> None:
    """Whatever a shipped strategy computes at a bar, it computes without the later bars, to the bit; so it decides."""
    bars, instrument = candles(SAMPLE)[0][:1_500], sample_instrument(XRP)
    rule = rule_on(strategy, bars.timeframe)
    plan, others = rule.plan(symbol=XRP), others_of(rule, bars, XRP)
    whole = plan.columns(bars, feeds_of(plan, others, XRP))
    played = backtest(rule, bars, instrument, COSTS, others=others)
    for i, cut in enumerate(Random(strategy.stem).sample(range(played.warmup + 1, len(bars)), 15)):  # noqa: S311 - where to cut, no secret
        until = dict.fromkeys(others, bars[:cut])
        for name, column in plan.columns(bars[:cut], feeds_of(plan, until, XRP)).items():
            np.testing.assert_array_equal(column, whole[name][:cut], err_msg=f"{name} at {cut}")
        if i < 5:
            assert_the_same_until(cut, played, backtest(rule, bars[:cut], instrument, COSTS, others=until))


def assert_the_same_until(cut: int, whole: Result, part: Result) -> None:
    """Hold what was decided on the candles before `cut` against what was decided there with all of them at hand."""
    assert part.decisions == [d for d in whole.decisions if d.time_ms < whole.bars.time[cut]]
    assert bodies(part) == bodies(whole)[: len(part.messages)]
    np.testing.assert_array_equal(part.equity, whole.equity[: len(part.equity)])


@given(rules(), st.integers(0, 60), st.data())
@settings(max_examples=40, deadline=None)
def test_the_future_decides_nothing_of_a_generated_rule(rule: Rule, start: int, data: st.DataObject) -> None:
    """With any of the fields, cutting the candles at any bar leaves every earlier message and value identical."""
    bars, instrument = sample(OWN, start, 250, gaps=True), sample_instrument(OWN)
    whole = backtest(rule, bars, instrument, COSTS)
    cut = data.draw(st.integers(whole.warmup + 1, len(bars) - 1))
    assert_the_same_until(cut, whole, backtest(rule, bars[:cut], instrument, COSTS))
    columns = whole.plan.columns(bars)
    for name, column in whole.plan.columns(bars[:cut]).items():
        np.testing.assert_array_equal(column, columns[name][:cut], err_msg=name)


# A strategy on five kinds of candles

DAYS = 400  # of the slow average, which comes from candles of its own


@cache
def rule() -> Rule:
    return read_rule(RULE, "rule")


def others(until_ms: int = 2**62) -> dict[str, Bars]:
    """Give the candles of other symbols, and of days, that have closed at a moment."""
    given_ = {ETH: sample(ETH, 380, 1_100, gaps=True), XRP: sample(XRP, 380, 1_100), OWN: sample(OWN, 0, 450, "1d")}
    return {symbol: until(bars, until_ms) for symbol, bars in given_.items()}


def own() -> Bars:
    return sample(OWN, DAYS, 400, gaps=True)


def played(bars: Bars) -> Result:
    closed_ms = int(bars[-1:].closes_ms[0])
    return backtest(rule(), bars, sample_instrument(OWN), COSTS, others=others(closed_ms))


def test_the_future_decides_nothing_on_any_candles() -> None:
    """Cutting all candles at the close of any bar leaves every earlier message byte-identical, and adds none."""
    bars, whole = own(), played(own())
    assert len(whole.messages) > 3
    for cut in Random(5).sample(range(whole.warmup + 1, len(bars)), 12):  # noqa: S311 - where to cut, no secret
        part = played(bars[:cut])
        assert part.decisions == [d for d in whole.decisions if d.time_ms < bars.time[cut]]
        assert bodies(part) == bodies(whole)[: len(part.messages)]


def session() -> Session:
    return Session("route", "connector", rule(), sample_instrument(OWN), COSTS)


def fetch(live: Session, since_ms: int, closed_ms: int) -> None:
    """Give a session what an exchange would give it at that moment."""
    given_ = feeds_of(live.plan, others(closed_ms), OWN)
    for feed in live.feeds.candles:
        first = live.feeds.since_ms(feed, since_ms)
        live.feeds.add(feed, given_[feed][int(given_[feed].time.searchsorted(first)) :])


def restored(bars: Bars, until_bar: int, state: str | None) -> Session:
    """Give a session as a process that starts there has it: windows of candles, and the state that was kept."""
    live = session()
    history = bars[max(0, until_bar - live.window) : until_bar]
    fetch(live, int(history.time[0]), int(history[-1:].closes_ms[0]))
    live.restore(history, state)
    return live


@pytest.mark.parametrize("restarts", [0, 15])
def test_live_equals_backtest(restarts: int) -> None:
    """Stepped bar by bar with what has closed by then, restarted at random bars, it sends the backtest's messages."""
    bars, result = own(), played(own())
    assert {str(feed) for feed in result.plan.fetched} == {"1d", f"{ETH} 2h", f"{XRP} 1h"}
    cuts = sorted(Random(9).sample(range(result.warmup, len(bars)), restarts))  # noqa: S311 - where to cut, no secret
    state, sent, equity = None, [], []
    for start, end in pairwise([result.warmup, *cuts, len(bars)]):
        live = restored(bars, start, state)
        for i in range(start, end):
            bar = bars[i : i + 1]
            fetch(live, int(bar.time[0]), int(bar.closes_ms[0]))
            sent += [message.json() for message in live.step(bar).messages]
            equity.append(live.equity)
        state = live.state
    assert sent == bodies(result)
    assert equity == result.equity.tolist()
    lead = Feed(ETH, Timeframe.parse("2h"))
    kept, warmup = len(live.feeds.candles[lead]), live.plan.feeds[lead].warmup
    assert 2 * warmup < kept <= 2 * warmup + 4 + live.window // 2  # and no more
