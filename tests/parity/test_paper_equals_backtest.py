"""The backtest promises exactly what the messages do: the paper platform's account is the backtest's, fill for fill."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.backtest import Result, backtest
from engine.decisions import Costs, Move
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.paper.feed import candles_of
from engine.paper.incoming import read
from engine.paper.matching import Account, AccountTerms, Fill, OrderKind, meet, place
from engine.rules import Rule, read_rule
from tests.parity.candles import ALL, PAIRS, SAMPLE, STRATEGIES, candles, others_of, rule_on

COSTS = Costs(capital=10_000, commission_percent=0.05, maker_percent=0.02, slippage_percent=0.01)
PERPETUAL = replace(COSTS, funding_percent=0.01, maintenance_percent=0.5)
MOST = 10**9 if ALL else 1_500

every_strategy = pytest.mark.parametrize(("strategy", "source"), PAIRS, ids=[f"{p.stem}-{s}" for p, s in PAIRS])


def received(result: Result, market: MarketKind, bars: Bars, instrument: Instrument, costs: Costs) -> Account:
    """Give the account of a platform that got the backtest's messages, each at the close that decided it."""
    messages: dict[int, list[dict[str, object]]] = {}
    for decision in result.decisions:
        if (message := result.message(decision)) is not None:
            messages.setdefault(decision.time_ms, []).append(json.loads(message.json()))
    terms = AccountTerms(
        market,
        instrument.tick,
        instrument.lot,
        taker=Decimal(str(costs.commission_percent)) / 100,
        maker=Decimal(str(costs.commission_percent if costs.maker_percent is None else costs.maker_percent)) / 100,
        slippage_share=Decimal(str(costs.slippage_percent)) / 100,
        leverage=Decimal(str(costs.leverage)),
        maintenance=Decimal(str(costs.maintenance_percent)) / 100,
        funding=Decimal(str(costs.funding_percent)) / 100,
    )
    account = Account(terms, Decimal(str(costs.capital)))
    for candle in candles_of(bars):
        meet(account, candle)
        for document in messages.get(candle.time_ms, ()):
            place(account, read({**document, "connectorName": "a", "connectorToken": "b"}, market), 1, candle.close_ms)
    return account


def assert_same(result: Result, account: Account) -> None:
    """Hold the backtest's fills and equity against the account's."""
    booked = [_shown(fill) for fill in account.changes.fills]
    promised = [
        (int(fill["time"]), int(fill["move"]), *(float(fill[name]) for name in ("price", "quantity", "fee")))
        for fill in result.trades.fills
    ]
    assert [fill[:2] for fill in booked] == [fill[:2] for fill in promised]
    for got, expected in zip(booked, promised, strict=True):
        assert got[2:] == pytest.approx(expected[2:], rel=1e-9, abs=1e-9)
    assert float(account.equity()) == pytest.approx(result.equity[-1], rel=1e-9)


def _shown(fill: Fill) -> tuple[int, int, float, float, float]:
    moves = (Move.OPEN_LONG, Move.CLOSE_LONG) if fill.side > 0 else (Move.OPEN_SHORT, Move.CLOSE_SHORT)
    move = moves[0] if fill.opens else moves[1]
    return fill.time_ms, int(move), float(fill.price), float(fill.quantity), float(fill.fee)


@every_strategy
def test_paper_equals_backtest(strategy: Path, source: str) -> None:
    """Every fill at the same candle, price, amount and fee, and the same equity at the end."""
    bars, instrument = candles(source)
    bars = bars[-MOST:]
    rule = rule_on(strategy, bars.timeframe)
    result = backtest(rule, bars, instrument, COSTS, others=others_of(rule, bars, instrument.symbol))
    assert len(result.trades.fills) > 1
    assert_same(result, received(result, rule.market, bars, instrument, COSTS))


@pytest.mark.parametrize("leverage", [1.0, 3.0])
@pytest.mark.parametrize(
    "strategy", [p for p in STRATEGIES if "market: futures" in p.read_text("utf-8")], ids=lambda p: p.stem
)
def test_a_perpetual_costs_the_same(strategy: Path, leverage: float) -> None:
    """With funding, margin and what could be liquidated: the same fills, fundings and equity."""
    bars, instrument = candles(SAMPLE)
    bars, rule, costs = bars[-MOST:], rule_on(strategy, bars.timeframe), replace(PERPETUAL, leverage=leverage)
    result = backtest(rule, bars, instrument, costs, others=others_of(rule, bars, instrument.symbol))
    account = received(result, rule.market, bars, instrument, costs)
    assert account.changes.funding
    assert_same(result, account)


@pytest.mark.parametrize(("side", "condition"), [("long", "close > open"), ("short", "close < open")])
def test_the_exchange_liquidates_where_the_backtest_says(side: str, condition: str) -> None:
    """Positions that their account cannot carry are taken over at the same candle and price, orders and all."""
    text = f"""\
name: reckless
market: futures
timeframe: 1h
{side}: {{enter: "{condition}"}}
take_profit: {{percent: 4}}
order: {{size: {{notional: 100000}}}}
"""
    bars, instrument = candles(SAMPLE)
    worst = bars.close.argmax() if side == "long" else bars.close.argmin()
    bars, costs = bars[int(worst) :], replace(PERPETUAL, leverage=20.0, maintenance_percent=1.0)
    rule = read_rule(text, "reckless.yaml")
    result = backtest(rule, bars, instrument, costs)
    account = received(result, rule.market, bars, instrument, costs)
    assert sum(fill.kind is OrderKind.LIQUIDATION for fill in account.changes.fills) > 0
    assert_same(result, account)


def made(size: str, pyramiding: int = 1) -> Rule:
    text = f"""\
name: made
market: spot
timeframe: 1h
long: {{enter: "close > open", exit: "close < low[3]"}}
pyramiding: {pyramiding}
order: {{size: {size}}}
"""
    return read_rule(text, "made.yaml")


@pytest.mark.parametrize(
    ("size", "pyramiding"),
    [("{percent: 100}", 1), ("{percent: 50}", 3), ("{percent: 12.345678}", 2), ('{percent: "100 / 3"}', 3)],
)
def test_spot_buys_with_what_there_is(size: str, pyramiding: int) -> None:
    """With everything, in several entries, and with percents of more digits than a message has: the money suffices."""
    bars = sample_bars("BTC/USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 600)
    instrument = Instrument("BTC/USDT", Decimal("0.01"), Decimal("0.00001"))
    rule = made(size, pyramiding)
    result = backtest(rule, bars, instrument, COSTS)
    account = received(result, rule.market, bars, instrument, COSTS)
    assert len(account.changes.fills) > 20
    assert account.cash >= 0
    assert_same(result, account)
