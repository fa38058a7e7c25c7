"""A rule file that is good, for tests to spoil."""

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
