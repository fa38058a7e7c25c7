"""TradingView's emulator a second time: PyneCore, whose own was measured there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from engine.backtest import backtest
from engine.decisions import Costs
from engine.market import Instrument, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import read_rule_file
from tests.parity.builtin_scripts import HEAD, SCRIPTS
from tests.parity.pine import chosen, compared, differ, our_trades
from tests.parity.pine_runner import Asked, pine_trades
from tests.parity.pine_strategies import KINDS

BUILT_IN = Path(__file__).resolve().parents[2] / "backtests" / "tradingview" / "builtin"


def test_random_strategies() -> None:
    """Both make the same trades: entries of every kind, exits, ladders, trailing, pyramiding, costs, margin calls."""
    found = compared(list(chosen(3 * len(KINDS))))
    different = [one.first_difference for one in found if not one.equal]
    assert not different, "\n".join(different)
    assert sum(len(one.theirs) for one in found) > 800


def test_built_in_strategies() -> None:
    """TradingView's built-in strategies make the trades of their scripts as rule files too."""
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 700)
    costs, instrument = Costs(1_000_000, 0.0, fills="tradingview"), Instrument("S", Decimal("0.1"), Decimal("0.001"))
    assert {path.stem for path in BUILT_IN.glob("*.yaml")} == set(SCRIPTS)
    theirs = pine_trades([Asked(HEAD + body, bars, 0.1, 0.001) for body in SCRIPTS.values()])
    for name, trades in zip(SCRIPTS, theirs, strict=True):
        rule = read_rule_file(BUILT_IN / f"{name}.yaml")
        ours = our_trades(backtest(rule, bars, instrument, costs, warmup=0))
        assert not differ(ours, trades), name
    assert sum(map(len, theirs)) > 500
