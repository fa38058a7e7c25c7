"""Messages of orders that are watched inside a bar, and what they may know of it."""

from __future__ import annotations

from engine.backtest import backtest
from engine.decisions import Costs
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule

SYMBOL = "BTC/USDT"
RULE = """
name: watched
market: spot
timeframe: 1h
watch: 1m
long: {enter: close > open}
take_profit: {percent: 0.4}
stop_loss: {percent: 0.4}
order: {size: {percent: 25}}
log: "closed at {close}"
"""


def test_inside_a_bar_a_text_knows_the_bar_before() -> None:
    """A stop that is met inside a bar does not tell, nor wait for, the close that this bar will have."""
    hours = 200
    bars = sample_bars(SYMBOL, Timeframe.parse("1h"), SAMPLE_START_MS, hours)
    finer = sample_bars(SYMBOL, Timeframe.parse("1m"), SAMPLE_START_MS, hours * 60)
    found = backtest(read_rule(RULE, "rule"), bars, sample_instrument(SYMBOL), Costs(), finer=finer)
    inside = [one for one in found.decisions if one.watched and found.message(one) is not None]
    at_closes = [one for one in found.decisions if not one.watched and found.message(one) is not None]
    assert len(inside) > 10
    assert len(at_closes) > 10
    for one in inside + at_closes:
        message, known = found.message(one), bars.close[one.row - one.watched]
        assert message is not None
        assert message.log is not None
        assert float(message.log.removeprefix("closed at ")) == float(f"{known:.8g}")
