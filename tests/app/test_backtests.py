"""From a rule file or run definition, and a file of candles, to a result; or to an error that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.adapters.csv_files import write_csv
from engine.app.backtests import definition_for, definition_in, run_backtest
from engine.backtest import Result, RunDefinition
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.market import Bars, Timeframe
from engine.market.resample import resample
from engine.market.sample import SAMPLE_START_MS, sample_bars

HOUR = 3_600_000
RULE = """
name: breakout
market: {market}
timeframe: 1h
params: {{length: {{default: 20, min: 5, max: 500}}}}
long:
  enter: close > ta.sma(close, length)
  exit: close < ta.sma(close, length)
order: {{type: market, size: {{percent: 10}}}}
"""


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "rules" / "breakout.yaml"
    path.parent.mkdir()
    path.write_text(RULE.format(market="futures"))
    return path


def candles(folder: Path, length: str, count: int) -> tuple[Path, Bars]:
    bars = sample_bars("BTC/USDT", Timeframe.parse(length), SAMPLE_START_MS, count)
    path = folder / f"candles_{length}.csv"
    write_csv(path, bars)
    return path, bars


def run(rule: Path, **given: Any) -> Result:
    return run_backtest(definition_for(rule, given))


def refused(rule: Path, **given: Any) -> str:
    with pytest.raises(InvalidInputError) as caught:
        run(rule, **given)
    return str(caught.value)


def test_finer_candles_are_joined(rule: Path, tmp_path: Path) -> None:
    """A CSV finer than the rule gives the result of the rule's own candles, made of it."""
    path, bars = candles(tmp_path, "5m", 12 * 200)
    result = run(rule, data=str(path))
    hours = resample(bars, Timeframe.parse("1h"))
    assert list(result.bars.close) == list(hours.close)
    own = tmp_path / "hours.csv"
    write_csv(own, hours)
    assert run(rule, data=str(own), symbol=path.stem).messages == result.messages
    assert result.messages


def test_the_timeframe_can_be_overridden(rule: Path, tmp_path: Path) -> None:
    """With a timeframe stated, the rule decides on those candles instead of its own."""
    path, bars = candles(tmp_path, "5m", 300)
    result = run(rule, data=str(path), timeframe="5m")
    assert (result.bars.timeframe, len(result.bars)) == (bars.timeframe, 300)
    assert run(rule, timeframe="4h", to="2024-03-01").bars.timeframe == Timeframe.parse("4h")


@pytest.mark.parametrize("length", ["4h", "7m"])
def test_candles_that_cannot_be_joined_are_refused(rule: Path, tmp_path: Path, length: str) -> None:
    """A CSV coarser than the rule, or one that does not fit into it, is refused with both ways out."""
    path, _ = candles(tmp_path, length, 50)
    text = refused(rule, data=str(path))
    assert text.startswith(f"{path} holds {length} candles")
    assert "give finer ones" in text
    assert f"--timeframe {length}" in text


def test_a_period_filters_a_file(rule: Path, tmp_path: Path) -> None:
    """Candles from the first moment on, and before the last, are used; the rest of the file is not."""
    path, bars = candles(tmp_path, "1h", 200)
    given = {"data": str(path), "from": "2024-01-02", "to": "2024-01-05T12:00"}
    result = run(rule, **given)
    assert list(result.bars.time) == list(bars.time[24:108])


@pytest.mark.parametrize(
    ("start", "end", "first", "count"),
    [
        ("2024-02-01", "2024-02-03", SAMPLE_START_MS + 31 * 24 * HOUR, 48),
        ("2024-02-01T00:30", "2024-02-03T00:30", SAMPLE_START_MS + (31 * 24 + 1) * HOUR, 48),
        ("2023-06-01", "2024-01-03", SAMPLE_START_MS, 48),  # the market began on 2024-01-01
        (None, "2024-01-03", SAMPLE_START_MS, 48),
        (None, None, SAMPLE_START_MS, 366 * 24),
    ],
)
def test_a_period_filters_the_sample_market(
    rule: Path, start: str | None, end: str | None, first: int, count: int
) -> None:
    """The sample market gives the candles that open in the period, from its own beginning on; else its first year."""
    bars = run(rule, **{name: text for name, text in (("from", start), ("to", end)) if text}).bars
    assert (int(bars.time[0]), len(bars)) == (first, count)


def test_months_of_the_sample_market_end_with_the_period(rule: Path) -> None:
    """A period that ends with May gives no candle of June, though months differ in length."""
    bars = run(rule, timeframe="1M", to="2026-06-01", params={"length": 5}).bars
    assert len(bars) == 29


@pytest.mark.parametrize("data", ["sample", "file"])
def test_an_empty_period_says_what_there_is(rule: Path, tmp_path: Path, data: str) -> None:
    """A period without candles is an error; for a file it says from when to when there are some."""
    path, _ = candles(tmp_path, "1h", 200)
    text = refused(
        rule, **{"data": "sample" if data == "sample" else str(path), "from": "2025-01-02", "to": "2025-01-02"}
    )
    assert "there are no candles in the period" in text
    assert data == "sample" or "from 2024-01-01 00:00 to 2024-01-09 07:00 UTC" in text


def test_too_few_candles_are_counted(rule: Path, tmp_path: Path) -> None:
    """Candles that do not outlast the warm-up are refused: how many are needed, how many there are, what to do."""
    path, _ = candles(tmp_path, "1h", 15)
    text = refused(rule, data=str(path))
    assert "needs 19 1h candles" in text
    assert "there are 15" in text
    assert "give more candles" in text
    assert "--timeframe" not in text


def test_too_few_after_joining_names_the_timeframe_option(rule: Path, tmp_path: Path) -> None:
    """Where there would be enough candles without joining them, the error names --timeframe."""
    for count in (12 * 15, 5):
        path, _ = candles(tmp_path, "5m", count)
        text = refused(rule, data=str(path))
        assert f"5m candles make {count // 12} of 1h" in text
        assert "needs 19" in text
        assert "--timeframe 5m" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data": "nowhere.csv"}, "nowhere.csv"),
        ({"timeframe": "1x"}, "timeframe: '1x' is no timeframe"),
        ({"from": "soon"}, "from: 'soon' is no date"),
        ({"params": {"lenght": 5}}, "did you mean 'length'"),
        ({"params": {"length": 1}}, "length=1"),
        ({"costs": {"capital": -1}}, "--capital"),
        ({"tick": "abc"}, "tick"),
    ],
)
def test_bad_options(rule: Path, given: dict[str, Any], words: str) -> None:
    """An option that makes no sense is named, with what is wrong."""
    assert words in refused(rule, **given)


def test_an_unknown_rule_file(tmp_path: Path) -> None:
    """A rule file that is not there is an error that names it."""
    assert "none.yaml" in refused(tmp_path / "none.yaml")


def test_tick_and_lot_can_be_stated(rule: Path, tmp_path: Path) -> None:
    """Tick and lot are inferred from the candles, or none, unless they are stated."""
    path, _ = candles(tmp_path, "1h", 60)
    inferred = run(rule, data=str(path)).author.instrument
    assert (str(inferred.tick), str(inferred.lot)) == ("0.1", "0")
    stated = run(rule, data=str(path), tick="0.5", lot="0.01").author.instrument
    assert (str(stated.tick), str(stated.lot)) == ("0.5", "0.01")


def test_a_run_definition_names_files_from_where_it_stands(rule: Path, tmp_path: Path) -> None:
    """Strategy and data of a run definition are paths from its own folder."""
    candles(tmp_path, "1h", 60)
    path = tmp_path / "rules" / "run.yaml"
    path.write_text("strategy: breakout.yaml\ndata: ../candles_1h.csv\n")
    definition = definition_in(path)
    assert definition is not None
    assert len(run_backtest(definition).bars) == 60


def test_what_is_no_run_definition(rule: Path, tmp_path: Path) -> None:
    """A rule file, and a file that is not there, are no run definitions; a mistake in one is shown at its place."""
    assert definition_in(rule) is None
    assert definition_in(tmp_path / "none.yaml") is None
    path = tmp_path / "run.yaml"
    path.write_text("strategy: x.yaml\ncosts: {capital: -5}\nexpekt: {}\n")
    with pytest.raises(InvalidDocumentError) as caught:
        definition_in(path)
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 18), (3, 1)]


def test_spot_rules_default_to_a_spot_symbol(rule: Path) -> None:
    """On the sample market, a spot rule trades a spot symbol and a futures rule a perpetual."""
    assert run(rule, to="2024-01-05").author.instrument.symbol == "BTC/USDT:USDT"
    rule.write_text(RULE.format(market="spot"))
    assert run(rule, to="2024-01-05").author.instrument.symbol == "BTC/USDT"


def test_the_definition_is_a_value() -> None:
    """Two equal definitions are equal, and none can be changed."""
    assert definition_for(Path("x.yaml"), {}) == RunDefinition(strategy="x.yaml")
    with pytest.raises(ValueError, match="frozen"):
        RunDefinition(strategy="x").strategy = "y"  # type: ignore[misc]  # that is the test
