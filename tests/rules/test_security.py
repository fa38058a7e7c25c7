"""`request.security`: values against a naive reading of its definition, warm-up, other symbols, and mistakes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidExpressionError, InvalidInputError
from engine.indicators import UNKNOWN
from engine.market import Bars, Timeframe
from engine.market.bars import Column
from engine.market.feed import Feed
from engine.market.resample import resample
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import warnings_of
from engine.rules.feeds import feeds_of
from engine.rules.fingerprint import fingerprint
from engine.rules.plan import Plan
from engine.rules.single import evaluate_text, plan_text
from tests.rules.files import errors_of, rule_with, spoilt

HOUR = Timeframe.parse("1h")
INNER = [
    "close",
    "ta.ema(close, 3)",
    "ta.sma(close, 4)[1] - low",
    "ta.atr(3)",
    "(close > open ? volume : na)",
    "ta.rsi(ta.sma(hl2, 2), 3)",
    "ta.supertrend(2, 3).direction",
    "(ta.crossover(close, ta.ema(close, 3)) ? 1 : 0)",
    "time",
]


@cache
def sample(length: str, count: int, *, start: int = 5, gaps: bool = False, symbol: str = "BTC/USDT") -> Bars:
    timeframe = Timeframe.parse(length)
    return sample_bars(symbol, timeframe, timeframe.shift(SAMPLE_START_MS, start), count, gaps=gaps)


def by_hand(text: str, bars: Bars, other: Bars) -> list[float]:
    """Give the expression's value on the last of the other candles that has closed when each bar closes."""
    values, given = evaluate_text(text, other), []
    for opened in bars.time.tolist():
        moment = bars.timeframe.next(opened)
        closed = [v for o, v in zip(other.time.tolist(), values, strict=True) if other.timeframe.next(o) <= moment]
        given.append(float(closed[-1]) if closed else np.nan)
    return given


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    ("own", "other", "count"),
    [("1h", "4h", 150), ("15m", "45m", 120), ("4h", "1d", 100), ("1h", "1h", 50), ("1d", "1w", 90), ("1d", "1M", 250)],
)
def test_the_value_is_that_of_the_last_closed_candle(own: str, other: str, count: int, *, gaps: bool) -> None:
    """Every value is that of the last longer candle that closed with the bar or before it; na before the first."""
    bars = sample(own, count, gaps=gaps)
    longer = resample(bars, Timeframe.parse(other))
    for inner in INNER:
        text = f'request.security("", "{other}", {inner})'
        np.testing.assert_array_equal(evaluate_text(text, bars), by_hand(inner, bars, longer), err_msg=text)


def test_the_bar_that_closes_with_the_longer_candle_has_its_value() -> None:
    """At the bar of 03:00, which closes at 04:00, the candle of 00:00 to 04:00 is known, and not an hour before."""
    bars = sample("1h", 8, start=0)
    values = evaluate_text('request.security("", "4h", close)', bars)
    np.testing.assert_array_equal(values, [np.nan] * 3 + [bars.close[3]] * 4 + [bars.close[7]])


@given(st.sampled_from(INNER), st.sampled_from(["1h", "2h", "1d"]), st.integers(1, 60))
@settings(deadline=None, max_examples=40)
def test_another_symbol_has_its_own_candles(inner: str, other: str, count: int) -> None:
    """Of another symbol the given candles count, joined where they are finer, gaps and late beginnings included."""
    bars = sample("1h", 60)
    eth = sample("1h", 70, start=8, gaps=True, symbol="ETH/USDT")[:count]
    values = evaluate_text(f'request.security("ETH/USDT", "{other}", {inner})', bars, {"ETH/USDT": eth})
    longer = resample(eth, Timeframe.parse(other))
    np.testing.assert_array_equal(values, by_hand(inner, bars, longer))


def test_conditions_stay_conditions() -> None:
    """A condition on other candles is one, unknown before the first of them has closed."""
    plan = plan_text('request.security("", "4h", close > open)')
    values = plan.evaluate(sample("1h", 20, start=0))["value"]
    assert values.dtype == np.int8
    assert values[:3].tolist() == [UNKNOWN] * 3
    assert UNKNOWN not in values[3:]


@pytest.mark.parametrize(
    ("written", "same"),
    [
        *(("240", "4h"), ("240m", "4h"), ("D", "1d"), ("1D", "1d"), ("1440", "1d"), ("24h", "1d"), ("W", "1w")),
        *(("M", "1M"), ("3M", "3M"), ("7200S", "2h")),
    ],
)
def test_pine_s_timeframes(written: str, same: str) -> None:
    """Pine's way of writing a timeframe, and any other way of writing the same, gives the same plan."""
    one, other = (plan_text(f'request.security("", "{text}", close)') for text in (written, same))
    assert one == other
    assert [feed.timeframe for feed in one.feeds] == [Timeframe.parse(same)]


@pytest.mark.parametrize(
    "text",
    [
        'request.security("", "60", {0})',
        'request.security(syminfo.tickerid, "1h", {0})',
        'request.security(symbol="", timeframe=timeframe.period, expression={0}, gaps=barmerge.gaps_off)',
        'request.security("", "", {0}, barmerge.gaps_off, barmerge.lookahead_off)',
    ],
)
def test_the_rule_s_own_candles_need_no_request(text: str) -> None:
    """On the same symbol and timeframe it is the expression itself."""
    assert plan_text(text.format("ta.ema(close, 9)")) == plan_text("ta.ema(close, 9)")


def test_a_rule_that_names_its_own_symbol() -> None:
    """Once the symbol is known, its name is as good as "", and no candles have to be given."""
    rule = rule_with('request.security("BTC/USDT", "4h", close) > request.security("BTC/USDT", "1h", close)')
    assert [str(feed) for feed in rule.plan().fetched] == ["BTC/USDT 4h", "BTC/USDT 1h"]
    same = rule_with('request.security("", "4h", close) > close')
    assert rule.plan(symbol="BTC/USDT") == same.plan(symbol="BTC/USDT")


def test_equal_expressions_on_the_same_candles_are_one_node() -> None:
    """What is asked for twice of the same candles is computed once; what is shared there too."""
    define = (
        '  a: request.security("", "4h", ta.ema(close, 9) + 1)\n  b: request.security("", "240", ta.ema(close, n))\n'
    )
    rule = rule_with('a > b and request.security("", "1d", ta.ema(close, 9)) > b', define=define + "  n: 3 * 3\n")
    plan = rule.plan()
    assert [(str(feed), sum(bool(n.call) for n in on.nodes)) for feed, on in plan.feeds.items()] == [
        ("4h", 1),
        ("1d", 1),
    ]


def test_names_mean_what_they_mean_on_those_candles() -> None:
    """Inside, a definition is computed on the other candles, and a day begins where it does on those."""
    define = "  quick: ta.ema(close, fast / 4)\n  mean: ta.vwap\n"
    rule = rule_with('request.security("", "4h", quick > 1 and mean > 1) and mean > 2', define=define)
    (on,) = rule.plan().feeds.values()
    same = plan_text("ta.ema(close, 3) > 1 and ta.vwap > 1", Timeframe.parse("4h"))
    assert list(on.outputs.values()) == list(same.outputs.values())
    assert on.nodes != plan_text("ta.ema(close, 3) > 1 and ta.vwap > 1", HOUR).nodes


# Warm-up


def agree(plan: Plan, whole: Column, bars: Bars, start: int) -> None:
    again = plan.evaluate(bars[start : start + plan.warmup + 60])["value"][plan.warmup :]
    expected = whole[start + plan.warmup : start + plan.warmup + 60]
    size = float(np.nanmean(np.abs(whole)))
    np.testing.assert_allclose(again, expected, rtol=1e-9, atol=1e-9 * size, err_msg=f"from {start}")


@pytest.mark.parametrize(("other", "gaps"), [("2h", True), ("4h", False), ("4h", True), ("1d", False), ("1d", True)])
def test_a_restart_anywhere_is_right_after_the_warm_up(other: str, *, gaps: bool) -> None:
    """Begun at any bar, values are those of the whole history once `warmup` bars have passed."""
    bars = sample("1h", 6_000, gaps=gaps)
    inner = "ta.ema(close, 3) - ta.sma(ta.rsi(close, 3), 4)[2]" if other != "1d" else "ta.rma(close, 2)[3]"
    plan = plan_text(f'ta.sma(request.security("", "{other}", {inner}), 5)[2] - close')
    assert plan.joined
    whole = plan.evaluate(bars)["value"]
    for start in np.random.default_rng(3).integers(1, len(bars) - plan.warmup - 60, 30):
        agree(plan, whole, bars, int(start))


def test_the_warm_up_is_the_least_that_is_always_enough() -> None:
    """With one bar less, some beginnings would leave the value unknown; with it, none does."""
    bars, plan = sample("1h", 60), plan_text('request.security("", "4h", ta.sma(close, 5))')
    assert plan.warmup == (4 + 2) * 4 - 2
    known = [
        [not np.isnan(plan.evaluate(bars[start : start + count])["value"][-1]) for start in range(8)]
        for count in (plan.warmup, plan.warmup + 1)
    ]
    assert not all(known[0])
    assert all(known[1])


def test_what_would_take_too_many_own_candles_is_fetched() -> None:
    """A day's moving average on minutes is not made of a hundred thousand of them, nor are other symbols."""
    plan = plan_text('request.security("", "1d", ta.sma(close, 50)) > request.security("A/B", "4h", close)', HOUR)
    assert [str(feed) for feed in plan.fetched] == ["A/B 4h"]
    plan = plan_text('request.security("", "1d", ta.sma(close, 50)) > close', Timeframe.parse("1m"))
    assert [(str(feed), plan.feeds[feed].warmup) for feed in plan.fetched] == [("1d", 49)]
    assert plan.warmup == 0


def test_fetched_candles_are_waited_for() -> None:
    """Of a feed that begins late, the first right bar is found, and what lies behind it is added."""
    plan = plan_text('ta.sma(request.security("ETH/USDT", "4h", ta.sma(close, 3)), 5) > ta.sma(close, 12)')
    bars = sample("1h", 100, start=0)
    feed = Feed("ETH/USDT", Timeframe.parse("4h"))
    late = sample("4h", 20, start=5, symbol="ETH/USDT")  # opens at bar 20; the third closes with bar 31
    assert plan.first_warm(bars, {feed: late}) == 31 + 4
    assert plan.first_warm(bars, {feed: late[:2]}) >= len(bars)
    early = sample("4h", 20, start=0, symbol="ETH/USDT")
    assert plan.warmup == plan.first_warm(bars[20:], {feed: early}) == 11


def test_the_slowest_call_may_stand_on_other_candles() -> None:
    """What causes most of the warm-up is named with the candles that it is on."""
    plan = plan_text('request.security("", "4h", ta.sma(close, 90)) > ta.sma(close, 120)')
    assert plan.slowest_call == 'request.security("", "4h", ta.sma(source, 90))'


# What is in it, beside values


def test_a_running_total_inside_is_warned_of() -> None:
    """What begins anywhere does so on other candles too, and is not taken for the same total on the rule's own."""
    (warning,) = warnings_of(plan_text('request.security("", "4h", ta.obv) > 100'))
    assert warning.startswith("value: the candle that ta.obv on 4h began with matters")
    assert warnings_of(plan_text('request.security("", "4h", ta.obv - ta.obv[3]) > 100')) == []
    assert len(warnings_of(plan_text('request.security("", "4h", ta.obv) > ta.obv'))) == 2


def test_the_fingerprint_has_what_is_inside() -> None:
    """Indicators on other candles, and those on what comes from them, are part of the fingerprint."""
    plan = plan_text('ta.sma(request.security("A/B", "4h", ta.rsi(close, 5)), 3)')
    found = fingerprint(plan, HOUR)
    assert [text.partition("(")[0] for text in found] == ["ta.rsi", "ta.sma"]
    assert all(golden[0] for golden in found.values())


def test_pandas_ta_inside_and_outside() -> None:
    """Indicators of pandas-ta stand inside, and take what comes from other candles."""
    bars = sample("1h", 400)
    inside = evaluate_text('request.security("", "4h", pandas_ta.sma(length=5))', bars)
    outside = evaluate_text('pandas_ta.sma(request.security("", "4h", close), length=5)', bars)
    np.testing.assert_allclose(inside, evaluate_text('request.security("", "4h", ta.sma(close, 5))', bars), rtol=1e-9)
    np.testing.assert_allclose(outside, evaluate_text('ta.sma(request.security("", "4h", close), 5)', bars), rtol=1e-9)


# What is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('request.security("", "5m", close)', "22: 5m candles are shorter than the rule's own, 1h"),
        ('request.security("", "90", close)', "22: 90m candles do not consist of whole 1h candles, the rule's own"),
        ('request.security("A/B", "1S", close)', "25: 1s candles are shorter"),
        ('request.security("", 240, close)', "22: 'timeframe' takes a text in quotes"),
        ('request.security("", "4x", close)', "22: '4x' is no timeframe; examples: 1m, 15m"),
        ('request.security(close, "4h", close)', "18: 'symbol' takes a text in quotes"),
        ('request.security("BINANCE:ETHUSDT", "4h", close)', "18: 'BINANCE:ETHUSDT' is no symbol"),
        ('request.security("", "4h")', "1: 'expression' is missing: request.security(symbol, timeframe, expression)"),
        ('request.security("", "4h", closs)', "28: unknown name 'closs'"),
        ('request.security("", "4h", "close")', "28: a text has no meaning here"),
        ('request.security("", "4h", request.security("", "1d", close))', "28: request.security cannot stand inside"),
        ('request.security("", "4h", close, lookahead=barmerge.lookahead_on)', "45: 'lookahead' can only be"),
        ('request.security("", "4h", close, barmerge.gaps_on)', "35: 'gaps' can only be"),
        ('request.security("", "4h", close, currency="USD")', "44: 'currency' of request.security has no meaning"),
        ('request.security("", "4h", ta.macd(close, 3, 5, 2)).hist', "1: this has no output 'hist'"),
        ('request.security("", "4h", close > open) > 1', "1: a number is needed here"),
        ('ta.sma(close, request.security("", "4h", close))', "15: 'length' takes"),
        ("request.security > 1", "1: 'request.security' is a function"),
    ],
)
def test_mistakes_are_told_at_their_place(text: str, said: str) -> None:
    """What makes no sense is an error at the argument that is wrong."""
    with pytest.raises(InvalidExpressionError) as refused:
        plan_text(text)
    problem = refused.value.problems[0]
    assert f"{problem.column}: {problem.message}".startswith(said)


def test_a_name_that_asks_for_other_candles_itself() -> None:
    """Nested by way of a name, it is told where that name is used; a name made of itself is told as anywhere."""
    define = '  day: request.security("", "1d", close)\n  two: request.security("", "4h", day)\n'
    (problem,) = errors_of(
        spoilt(("ta.crossover(fast_ma, slow_ma)", "two > 1"), ("define:\n", f"define:\n{define}"))
    ).problems
    assert problem.message.startswith("a name in here stands for something with request.security")
    assert problem.source_line.strip().startswith("two:")
    (problem,) = errors_of(spoilt(("define:\n", 'define:\n  a: request.security("", "4h", a)\n'))).problems
    assert "'a' is defined by itself: a → a" in problem.message


def test_a_wrong_definition_is_told_once() -> None:
    """A mistake in a definition that is used on three timeframes is one mistake."""
    define = '  bad: ta.emma(close, 3)\n  b: request.security("", "4h", bad)\n  c: request.security("", "1d", bad)\n'
    assert len(errors_of(spoilt(("define:\n", f"define:\n{define}"))).problems) == 1


def test_with_an_unreadable_timeframe_the_others_are_not_judged() -> None:
    """Where the rule's own timeframe is the mistake, no other is called too short."""
    text = spoilt(
        ("timeframe: 1h", "timeframe: 5min"), ("define:\n", 'define:\n  a: request.security("", "15", close)\n')
    )
    (problem,) = errors_of(text).problems
    assert "'5min' is no timeframe" in problem.message


def test_missing_and_needless_candles_are_refused() -> None:
    """Candles that are needed, that cannot be joined, or that nobody asked for: each is told with what to do."""
    plan = plan_text('request.security("ETH/USDT", "4h", close)')
    for given_, said in (
        ({}, "4h candles of ETH/USDT are needed, and none are given; add --feed ETH/USDT=FILE.csv"),
        ({"ETH/USDT": sample("1d", 5)}, "4h candles of ETH/USDT are needed, and cannot be made of the 1d candles"),
        ({"XRP/USDT": sample("1h", 5)}, "candles of XRP/USDT are given, but not asked for; asked for is ETH/USDT 4h"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            feeds_of(plan, given_)
    with pytest.raises(InvalidInputError, match="candles of ETH/USDT 4h are needed"):
        plan.evaluate(sample("1h", 5))
