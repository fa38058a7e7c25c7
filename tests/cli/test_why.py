from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.app.backtests import definition_for, run_backtest
from engine.app.explain import Why, explain
from engine.backtest import Result, RunDefinition
from engine.cli.condition_tree import condition_lines, figure, name_lines
from engine.cli.main import app
from engine.errors import InvalidInputError
from engine.rules.explanation import Part
from tests.cli.program import ROOT, signal_engine

HOUR_MS = 3_600_000
FIRST_MS = 1_704_067_200_000  # 2024-01-01
CROSS = ROOT / "strategies" / "ema_cross.yaml"


@cache
def definition(name: str = "ema_cross") -> RunDefinition:
    return definition_for(ROOT / "strategies" / f"{name}.yaml", {"to": "2024-04-01"})


@cache
def backtested(name: str) -> Result:
    return run_backtest(definition(name))


def why(at: str | int, name: str = "ema_cross") -> Why:
    return explain(definition(name), str(at))


def candles(folder: Path, hours: list[int]) -> Path:
    file = folder / "candles.csv"
    rows = "".join(f"{FIRST_MS + hour * HOUR_MS},1,2,1,{1 + hour % 3 / 2},1\n" for hour in hours)
    file.write_text(f"time,open,high,low,close,volume\n{rows}")
    return file


@pytest.mark.parametrize("name", ["ema_cross", "rsi_dip", "supertrend"])
def test_it_decides_what_the_backtest_decided(name: str) -> None:
    """On the candles of decisions and after them, `why` has exactly the messages that the backtest sent there."""
    result = backtested(name)
    for decision in result.decisions[:: max(1, len(result.decisions) // 4)]:
        for opened in (decision.time_ms, decision.time_ms + HOUR_MS):
            found = why(opened + HOUR_MS, name)
            sent = [d for d in result.decisions if d.time_ms == opened]
            assert found.messages == [m.body() for d in sent if (m := result.message(d)) is not None]
            assert bool(found.nothing) is not bool(found.messages)
            assert (found.open_ms, found.close_ms) == (opened, opened + HOUR_MS)


def test_an_entry_that_a_backtest_lists_was_decided_by_the_candle_that_closed_then() -> None:
    """The time of an entry, as the list of trades shows it, leads to the candle with the message."""
    trade = backtested("ema_cross").trades[3]
    found = why(trade.entry_time_ms)
    assert [body["action"] for body in found.messages][-1] == {"long": "openLong", "short": "openShort"}[trade.side]
    held = why(trade.entry_time_ms + 1).position[-1]
    assert (held.side, held.entry_time_ms, held.entry_price) == (trade.side, trade.entry_time_ms, trade.entry_price)


@pytest.mark.parametrize(
    ("at", "closed"),
    [
        ("2024-01-31 14:00", "2024-01-31T14:00+00:00"),
        ("2024-01-31T13:00:01", "2024-01-31T14:00+00:00"),
        ("2024-01-31T15:59+02:00", "2024-01-31T14:00+00:00"),
        ("2024-01-31", "2024-01-31T00:00+00:00"),
        ("1706709600000", "2024-01-31T14:00+00:00"),
    ],
)
def test_a_time_is_the_candle_that_closes_then_or_contains_it(at: str, closed: str) -> None:
    """A time on the grid is a close; any other lies inside its candle; times without a zone are UTC."""
    assert why(at).close_ms == why(closed).close_ms
    assert why(closed).close_ms % HOUR_MS == 0


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("soon", "--at 'soon' is no time; write 2024-01-31"),
        ("2024-02-31", "is no time"),
        ("2020-01-01", "2020-01-01 00:00 UTC is outside the candles; they close from 2024-01-01 01:00 to 2024-04-01"),
        ("2024-04-01 00:01", "is outside the candles"),
    ],
)
def test_a_time_that_cannot_be_explained_is_refused(at: str, said: str) -> None:
    """What is no time, and what lies outside the candles, is told with what would be good."""
    with pytest.raises(InvalidInputError, match=said.replace("(", r"\(")):
        why(at)


def test_a_candle_that_is_missing_is_named_with_its_neighbours(tmp_path: Path) -> None:
    """In a gap of the data there is nothing to explain; the closes before and after it are told."""
    file = candles(tmp_path, [0, 1, 2, 3, 6, 7])
    gap = definition_for(CROSS, {"data": str(file)})
    with pytest.raises(InvalidInputError, match=r"no 1h candle at 2024-01-01 05:30 UTC; .* 04:00 and then at .* 07:00"):
        explain(gap, "2024-01-01 05:30")
    assert explain(gap, "2024-01-01 06:30").open_ms == FIRST_MS + 6 * HOUR_MS


def test_inside_the_warm_up_it_explains_and_says_when_trading_begins() -> None:
    """A candle of the warm-up has its conditions, no message, and the first moment at which there can be one."""
    found = why("2024-01-01 20:00")
    assert found.messages == []
    assert found.warm_from_ms == backtested("ema_cross").bars.time[387] + HOUR_MS
    assert found.explanation.conditions[0].condition.truth is None
    assert "not warm" in found.nothing


def test_no_line_is_wider_than_the_screen() -> None:
    """Whatever the conditions, at 100 columns and at 60 every line fits."""
    for name, at in (("ema_cross", "2024-01-01 20:00"), ("rsi_dip", "2024-03-01"), ("supertrend", "2024-03-01")):
        for width in (60, 100):
            explanation = why(at, name).explanation
            lines = [line for e in explanation.conditions for line in condition_lines(e, width)]
            lines += name_lines(explanation.names, width)
            assert max(len(line.plain) for line in lines) <= width


@pytest.mark.parametrize(
    ("value", "text"),
    [(61234.5, "61,234.5"), (0.1 + 0.2, "0.3"), (70.0, "70"), (-0.00012345678, "-0.0001234568"), (0.0, "0"),
     (123456789.5, "123,456,790"), (3e-9, "3e-09"), (None, "na")],
)  # fmt: skip
def test_figures_have_the_digits_that_matter(value: float | None, text: str) -> None:
    """Seven digits, no noise behind them, thousands separated."""
    assert figure(value) == text


def test_the_command_prints_plain_lines() -> None:
    """The conditions with their truth and numbers, the decision and its levels, without colours where nobody looks."""
    ran = signal_engine("why", "strategies/ema_cross.yaml", "--at", "2024-02-26 13:00")
    assert ran.returncode == 0, ran.stderr
    assert "Decided: openShort, percent 25, profit 70009, loss 74384.5" in ran.stdout
    assert "In a long position since 2024-02-24 19:00 UTC, at 72,103.6." in ran.stdout
    lines = ran.stdout.splitlines()
    assert "short.enter: true" in lines
    assert any(line.startswith("  strength") and line.endswith("ta.rsi(close, 14)") for line in lines)
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in ran.stdout


def test_json_holds_the_same_tree() -> None:
    """--json is one document; its conditions are the explanation's, na as null."""
    strategy = str(ROOT / "strategies" / "rsi_dip.yaml")
    ran = CliRunner().invoke(app, ["why", strategy, "--at", "2024-01-01 05:00", "--json"])
    document = json.loads(ran.stdout)
    tree = document["explanation"]["conditions"][0]["condition"]
    part: Part = why("2024-01-01 05:00", "rsi_dip").explanation.conditions[0].condition
    assert (tree["kind"], tree["truth"], tree["text"]) == (part.kind, part.truth, part.text)
    assert tree["parts"][1]["compared"]["right_value"] is None
