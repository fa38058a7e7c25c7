"""What a config's routes come to before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app.system import read_routes
from engine.config import read_config
from engine.errors import InvalidInputError

_RULE = """
name: watched
market: futures
timeframe: 1h
watch: 5m
long: {enter: close > open}
trailing: {percent: 1}
order: {size: {percent: 10}}
"""
_CONFIG = """
mode: paper
exchange: {id: binanceusdm}
state: state.db
connectors: {main: {url: "http://127.0.0.1:8790/trading-signal/webhook", name: paper, token: t}}
routes: [{strategy: watched.yaml, symbol: "BTC/USDT:USDT", connector: main}]
paper: {port: 8790, ledger: ledger.db}
"""


def test_a_rule_that_watches_finer_candles_is_not_run(tmp_path: Path) -> None:
    """Live, held orders are looked at on the rule's own candles: a rule that was backtested otherwise is refused."""
    (tmp_path / "watched.yaml").write_text(_RULE)
    (tmp_path / "config.yaml").write_text(_CONFIG)
    with pytest.raises(InvalidInputError, match=r"'watch: 5m' is for backtests in this version"):
        read_routes(read_config(tmp_path / "config.yaml", {}))
