"""Rule files that are good, for tests to spoil."""

from __future__ import annotations

import pytest

from engine.errors import InvalidDocumentError
from engine.rules import Rule, read_rule

GOOD = """\
name: demo
market: futures
timeframe: 1h

params:
  fast: 12

define:
  fast_ma: ta.ema(close, fast)
  slow_ma: ta.ema(close, 26)

long:
  enter: ta.crossover(fast_ma, slow_ma)
  exit: ta.crossunder(fast_ma, slow_ma)

order: {type: market, size: {percent: 25}}
"""

EVERYTHING = """\
name: everything
market: futures
timeframe: 1h
params: {quick: 12, risk: 1.5}
define: {atr: ta.atr(14)}
long:
  enter: ta.crossover(close, ta.ema(close, quick))
  exit: {any: [position.bars > 20, close < open]}
  take_profit:
    - {percent: 2, close_percent: 50}
    - {distance: 3 * atr, from: entry}
  trailing: {distance: 2 * atr, start: {ticks: 300}}
  order: {type: limit, price: close - atr, expire_bars: 4, cancel: close > open + atr, oco: true}
short:
  enter: ta.crossunder(close, ta.ema(close, quick))
  stop_loss: {price: "math.min(position.entry_price, high + atr)", every_bar: true}
  max_bars: "position.profit_percent < 0 ? 10 : 30"
  order: {type: stop, price: low, oco: true, size: {fixed: 0.5}}
stop_loss: {ticks: 500}
break_even: {after: {percent: 1}}
flat_at: {time: "16:45", days: mon-fri, zone: America/New_York}
sessions: [{hours: 09:30-16:00, days: mon-fri, zone: America/New_York}, {hours: 22:00-02:00, days: [sun, mon]}]
order: {size: {risk_percent: risk}}
pyramiding: 3
limits: {day_loss: {percent: 5}, drawdown: {percent: 20}}
cooldown: {bars: 3, after: loss}
watch: 5m
delay_seconds: 2.5
delay_filter: slow
log: "slow: {atr} of {{close}} {position.profit_percent}%"
"""
"""One that has every field."""


def spoilt(*changes: tuple[str, str]) -> str:
    """Give the good file with each `old` replaced by `new`, once."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def rule_with(enter: str, define: str = "") -> Rule:
    """Read a rule whose long side enters on this expression."""
    return read_rule(
        spoilt(("ta.crossover(fast_ma, slow_ma)", enter), ("define:\n", f"define:\n{define}")), "rule.yaml"
    )


def errors_of(text: str) -> InvalidDocumentError:
    """Give the error that reading this rule file raises."""
    with pytest.raises(InvalidDocumentError) as refused:
        read_rule(text, "rule.yaml")
    return refused.value
