"""Candles of other symbols from files, from the sample market and from Python: the same, whichever way they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

import engine
from engine.adapters.csv_files import write_csv
from engine.app.backtests import definition_for, definition_in, run_backtest
from engine.cli.evaluate import evaluate
from engine.cli.options import files_by_symbol
from engine.errors import InvalidInputError
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars

RULE = """\
name: pair
market: spot
timeframe: 1h
define:
  lead: request.security("ETH/USDT", "4h", ta.sma(close, 3))
  day: request.security("", "D", ta.sma(close, 250))
long: {enter: "lead > lead[1] and close > 0.5 * day", exit: "lead < lead[1]"}
order: {size: {percent: 50}}
"""
MONTH = {"from": "2024-10-01", "to": "2024-10-20"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("feeds")
    (tmp_path / "pair.yaml").write_text(RULE)
    for name, symbol, length, count in (
        ("btc", "BTC/USDT", "1h", 24 * 300),
        ("eth", "ETH/USDT", "1h", 24 * 300),
        ("days", "BTC/USDT", "1d", 300),
    ):
        write_csv(tmp_path / f"{name}.csv", candles(symbol, length, count))
    return tmp_path


def candles(symbol: str, length: str, count: int) -> Bars:
    return sample_bars(symbol, Timeframe.parse(length), SAMPLE_START_MS, count)


def test_every_way_gives_the_same_result(folder: Path) -> None:
    """From the sample market, from files, and by a run definition, the same is decided from the first candle on."""
    rule = folder / "pair.yaml"
    sample = run_backtest(definition_for(rule, MONTH))
    assert [str(feed) for feed in sample.plan.fetched] == ["ETH/USDT 4h", "1d"]
    assert sample.warmup == sample.plan.warmup == 1
    assert len(sample.messages) > 3
    feeds = {"ETH/USDT": str(folder / "eth.csv"), "BTC/USDT": str(folder / "days.csv")}
    given = {**MONTH, "data": str(folder / "btc.csv"), "symbol": "BTC/USDT", "feeds": feeds}
    assert run_backtest(definition_for(rule, given)).messages == sample.messages
    (folder / "runs").mkdir()
    written = folder / "runs" / "pair.yaml"
    written.write_text(
        "strategy: ../pair.yaml\ndata: ../btc.csv\nsymbol: BTC/USDT\nfrom: 2024-10-01\nto: 2024-10-20\n"
        "feeds: {ETH/USDT: ../eth.csv, BTC/USDT: ../days.csv}\n"
    )
    definition = definition_in(written)
    assert definition is not None
    assert run_backtest(definition).messages == sample.messages


def test_what_is_missing_is_told_with_the_option_that_gives_it(folder: Path) -> None:
    """Without candles of the other symbol, or with too few of the days, the error says what to add."""
    rule = folder / "pair.yaml"
    given: dict[str, object] = {**MONTH, "data": str(folder / "btc.csv")}
    with pytest.raises(InvalidInputError, match=r"4h candles of ETH/USDT are needed.* add --feed ETH/USDT=FILE.csv"):
        run_backtest(definition_for(rule, given))
    given["feeds"] = {"ETH/USDT": str(folder / "eth.csv")}
    with pytest.raises(InvalidInputError, match=r"1d: 249 candles come before .* 19 .made of the 1h candles. have"):
        run_backtest(definition_for(rule, given))


def test_with_the_days_of_its_own_file_trading_begins_later(folder: Path) -> None:
    """Where days are made of the file's own candles, trading begins after as many of them as it takes."""
    given = {"data": str(folder / "btc.csv"), "feeds": {"ETH/USDT": str(folder / "eth.csv")}}
    assert run_backtest(definition_for(folder / "pair.yaml", given)).warmup == 250 * 24 - 1


def test_from_python(tmp_path: Path) -> None:
    """`evaluate` and `Strategy.backtest` take the other candles by symbol, as tables or as bars."""
    hours, other = candles("BTC/USDT", "1h", 400), candles("ETH/USDT", "1h", 400)
    table = pd.DataFrame({"open": other.open, "high": other.high, "low": other.low, "close": other.close})
    table.index = pd.to_datetime(other.time, unit="ms", utc=True)
    text = 'request.security("ETH/USDT", "4h", close)'
    values = engine.evaluate(text, hours, feeds={"ETH/USDT": table})
    np.testing.assert_array_equal(values[3::4], other.close[3::4])
    (tmp_path / "pair.yaml").write_text(RULE.replace("250", "2"))
    result = engine.load(tmp_path / "pair.yaml").backtest(hours, feeds={"ETH/USDT": other})
    assert result.messages
    with pytest.raises(InvalidInputError, match=r"feeds={'ETH/USDT': candles}"):
        engine.evaluate(text, hours)


def test_on_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`eval` takes candles of other symbols as --feed SYMBOL=FILE."""
    feed = f"ETH/USDT={folder / 'eth.csv'}"
    evaluate('request.security("ETH/USDT", "4h", close)', folder / "btc.csv", [feed])
    assert capsys.readouterr().out.splitlines()[4].endswith(repr(float(candles("ETH/USDT", "1h", 4).close[3])))


@pytest.mark.parametrize("texts", [["eth.csv"], ["=eth.csv"], ["ETH/USDT="], ["A/B=1.csv", "A/B=2.csv"]])
def test_the_option_is_written_as_symbol_and_file(texts: list[str]) -> None:
    """Anything but SYMBOL=FILE, each symbol once, is refused with the option as it was written."""
    with pytest.raises(typer.BadParameter, match=f"--feed {texts[-1]}"):
        files_by_symbol(texts)
