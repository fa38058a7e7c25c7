"""What a run definition accepts, and how its expectations are compared."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from engine.backtest import Result, RunDefinition, backtest
from engine.decisions import Costs
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule

RULE = """
name: alternating
market: futures
timeframe: 1h
long: {enter: close > open, exit: close < open}
order: {type: market, size: {percent: 10}}
"""


def definition(**fields: Any) -> RunDefinition:
    return RunDefinition.model_validate({"strategy": "x.yaml", **fields})


@pytest.fixture(scope="module")
def result() -> Result:
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 200)
    return backtest(read_rule(RULE, "rule"), bars, sample_instrument("BTC/USDT:USDT"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29T12:30", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("2024-02-29T12:30:00Z", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("2024-02-29T12:30:00+02:00", datetime(2024, 2, 29, 10, 30, tzinfo=UTC)),
    ],
)
def test_moments_are_utc(text: str, moment: datetime) -> None:
    """A day, a moment, and a moment with a zone are read; without a zone they are UTC."""
    assert definition(**{"from": text}).start == moment.timestamp() * 1000


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"from": "2023-02-29"}, "from", "write 2024-01-31"),
        ({"to": "tomorrow"}, "to", "write 2024-01-31"),
        ({"costs": {"capital": 0}}, "costs.capital", "greater than 0"),
        ({"costs": {"capital": float("inf")}}, "costs.capital", "finite"),
        ({"costs": {"slippage_ticks": float("inf")}}, "costs.slippage_ticks", "finite"),
        ({"costs": {"commission_percent": 100}}, "costs.commission_percent", "less than 100"),
        ({"costs": {"commission": 1}}, "costs.commission", "not permitted"),
        ({"tick": "0"}, "tick", "greater than 0"),
        ({"lot": "NaN"}, "lot", "finite"),
        ({"strategi": "x"}, "strategi", "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], place: str, words: str) -> None:
    """A field that is unknown, or has no sensible value, is refused at its place."""
    with pytest.raises(ValidationError, match=words) as caught:
        definition(**fields)
    assert [".".join(map(str, e["loc"])) for e in caught.value.errors()] == [place]


@pytest.mark.parametrize("step", ["0.1", 0.1, Decimal("0.1")])
def test_tick_and_lot_are_exact(step: object) -> None:
    """Tick and lot are the decimal number that is written, as text or as number."""
    made = definition(tick=step, lot=step)
    assert (made.tick, made.lot) == (Decimal("0.1"), Decimal("0.1"))


def test_costs_are_the_machines_own() -> None:
    """Costs that are not stated are those of every other mode."""
    assert definition().costs.costs() == Costs()
    stated = {"capital": 5, "commission_percent": 1, "slippage_ticks": 2}
    assert definition(costs=stated).costs.costs() == Costs(5, 1, 2)


def test_numbers_are_compared_to_the_digits_written(result: Result) -> None:
    """An expected number is right when the result, rounded to its digits, equals it."""
    fees = result.stats.fees
    assert definition(expect={"fees": round(fees)}).differences(result) == []
    assert definition(expect={"fees": round(fees) + 1}).differences(result) != []
    for digits in (1, 3, 6):
        assert definition(expect={"fees": round(fees, digits)}).differences(result) == []
        assert definition(expect={"fees": round(fees, digits) + 1.1 * 10**-digits}).differences(result) != []


def test_counts_texts_and_nothing_are_compared_exactly(result: Result) -> None:
    """A count, a text, and "no such number" must be met exactly."""
    trades = result.stats.closed_trades
    assert definition(expect={"closed_trades": trades}).differences(result) == []
    assert definition(expect={"closed_trades": trades + 1}).differences(result) != []
    assert definition(expect={"messages_sha256": "0"}).differences(result) != []
    assert definition(expect={"sharpe": None}).differences(result) != []


def test_an_unknown_name_lists_what_there_is(result: Result) -> None:
    """An expectation of something that no result has is a difference that names what could be meant."""
    near, far = definition(expect={"net_profits": 1, "unheard": 1}).differences(result)
    assert near == "net_profits: there is no such result; did you mean 'net_profit'?"
    assert far.startswith("unheard: there is no such result; there are net_profit, net_profit_percent, gross_profit")
