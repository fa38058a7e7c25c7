"""The share of a result that depends on the order of prices inside candles."""

from __future__ import annotations

import pytest

from engine.backtest.prepared import Prepared
from engine.backtest.uncertainty import Uncertainty, uncertainty
from engine.decisions import Costs
from engine.decisions.settings import Path
from engine.market import Bars, Instrument, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule

HOURLY = Timeframe.parse("1h")
RULE = """
name: one-shot
market: futures
timeframe: 1h
long: {{enter: bar_index == 0}}
take_profit: {{percent: {profit}}}
stop_loss: {{percent: {loss}}}
order: {{size: {{fixed: 1}}}}
"""


def prepared(rows: list[tuple[float, float, float, float]], profit: float = 2, loss: float = 2) -> Prepared:
    bars = Bars.of(HOURLY, [[i * 3_600_000, *row, 1] for i, row in enumerate(rows)])
    rule = read_rule(RULE.format(profit=profit, loss=loss), "rule")
    return Prepared(rule, bars, Instrument("X"), Costs(1000, 0, 0), warmup=0)


def test_both_levels_in_one_candle() -> None:
    """Where take-profit and stop-loss are within one candle, the ends are one level each."""
    given = prepared([(100, 100, 100, 100), (100, 103, 97, 100), (100, 100, 100, 100)])
    found = uncertainty(given.run(), given.run)
    assert (found.best, found.worst) == pytest.approx((2, -2))
    assert found.profit in (found.best, found.worst)
    assert found.share_percent == pytest.approx(200)


def test_one_level_in_one_candle() -> None:
    """Where only one of them can be met, nothing is uncertain."""
    given = prepared([(100, 100, 100, 100), (100, 103, 99, 100), (100, 100, 100, 100)])
    found = uncertainty(given.run(), given.run)
    assert (found.best, found.worst, found.share_percent) == (found.profit, found.profit, 0)


def test_a_gap_is_certain() -> None:
    """A candle that opens beyond a level leaves no doubt."""
    given = prepared([(100, 100, 100, 100), (100, 100, 100, 100), (97, 103, 97, 100)])
    found = uncertainty(given.run(), given.run)
    assert found.best == found.worst == pytest.approx(-3)


def test_the_ends_enclose_the_result() -> None:
    """On any candles the worst is at most what the result is, and the best at least."""
    bars = sample_bars("BTC/USDT:USDT", HOURLY, SAMPLE_START_MS, 3_000)
    text = RULE.replace("bar_index == 0", "'ta.crossover(close, ta.sma(close, 20))'").format(profit=0.7, loss=0.5)
    given = Prepared(read_rule(text, "rule"), bars, sample_instrument("BTC/USDT:USDT"), Costs())
    found = uncertainty(given.run(), given.run)
    assert found.worst < found.profit < found.best
    assert given.run(Path.BEST).profit == found.best


def test_finer_candles_make_it_small() -> None:
    """Watched on minutes, the same strategy depends less on what cannot be known."""
    start, hours = SAMPLE_START_MS, 1_000
    fine = sample_bars("BTC/USDT:USDT", Timeframe.parse("1m"), start, hours * 60)
    bars = sample_bars("BTC/USDT:USDT", HOURLY, start, hours)
    text = RULE.replace("bar_index == 0", "close > open").format(profit=0.7, loss=0.5)
    coarse = Prepared(read_rule(text, "rule"), bars, sample_instrument("BTC/USDT:USDT"), Costs())
    watched = Prepared(
        read_rule(text + "watch: 1m\n", "rule"), bars, sample_instrument("BTC/USDT:USDT"), Costs(), finer=fine
    )
    wide, narrow = (uncertainty(each.run(), each.run) for each in (coarse, watched))
    assert narrow.best - narrow.worst < 0.2 * (wide.best - wide.worst)


def test_a_share_of_nothing() -> None:
    """Where there was no profit, there is no share of it."""
    assert Uncertainty(0, 1, -1).share_percent is None
