from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.app.check import report_on, shared, shared_with
from engine.app.possible import possible_messages
from engine.cli.check_words import line_of, lines_of
from engine.cli.main import app
from engine.rules import read_rule
from tests.cli.program import ROOT, signal_engine
from tests.rules.files import EVERYTHING, GOOD, spoilt

STRATEGIES = sorted((ROOT / "strategies").glob("*.yaml"))
OTHER_FILES = [*sorted((ROOT / "configs").glob("paper.yaml")), *sorted((ROOT / "backtests").glob("*.yaml"))]


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text.replace("name: demo", f"name: {name}"), encoding="utf-8")
    return file


def sent(text: str) -> list[str]:
    return [" ".join([p.action, ", ".join(p.fields)]).strip() for p in possible_messages(read_rule(text, "rule.yaml"))]


def test_one_rule_file_is_told_in_full() -> None:
    """What is computed and how often, the warm-up and its cause, parameters, messages, an example: all stand there."""
    ran = signal_engine("check", "strategies/ema_cross.yaml")
    assert ran.returncode == 0, ran.stderr
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert lines[0].startswith(
        "strategies/ema_cross.yaml: good. ema-cross trades futures on 1h candles; 22 expressions"
    )
    assert "computes fast_ma ta.ema(close, 12) in 4 places" in lines
    assert "ta.crossover(fast_ma, slow_ma) in 2 places" in lines
    assert "warm after 387 candles (16 days): 387 for ta.rsi(close, 14)" in lines
    assert "parameters fast = 12, from 5 to 24 by 1" in lines
    assert "sends openLong percent 25, profit, loss" in lines
    example = next(json.loads(line) for line in lines if line.startswith("{"))
    assert example.keys() >= {"action", "percent", "profit", "loss", "clientOrderId"}
    assert example["connectorToken"] == "YOUR_TOKEN"


def test_json_is_one_document_with_good_and_wrong_files(tmp_path: Path) -> None:
    """--json tells all of good files, and of wrong ones each mistake with its place; nothing else is printed."""
    wrong = written(tmp_path, "wrong", spoilt(("fast_ma, slow_ma", "fast_ma, slow_m"), ("order:", "ordr:")))
    total = written(tmp_path, "total", spoilt(("ta.crossover(fast_ma, slow_ma)", "ta.obv > 0")))
    paper = ROOT / "configs" / "paper.yaml"
    ran = CliRunner().invoke(app, ["check", *map(str, (total, wrong, "nowhere.yaml", paper)), "--json"])
    assert (ran.exit_code, ran.stderr) == (1, "")
    document = json.loads(ran.stdout)
    files = {Path(file["file"]).name: file for file in document["files"]}
    assert [name for name, file in files.items() if not file["good"]] == ["wrong.yaml", "nowhere.yaml"]
    mistakes = files["wrong.yaml"]["errors"]
    assert [(m["line"], m["column"], m["hint"]) for m in mistakes] == [
        (1, 1, "such as order: {size: {percent: 25}}"),
        (13, 32, "did you mean 'slow_ma'?"),
        (16, 1, "did you mean 'order'?"),
    ]
    assert files["nowhere.yaml"]["errors"][0]["line"] is None
    assert "ta.obv began with matters" in files["total.yaml"]["warnings"][0]
    assert files["paper.yaml"]["routes"][0]["strategy"] == "ema-cross"


def test_several_files_take_a_line_each() -> None:
    """Of several files each has one line, with its warm-up and what causes it."""
    reports = [report_on(path) for path in (*STRATEGIES, *OTHER_FILES)]
    rules = [report.rule for report in reports if report.rule]
    for report in reports:
        line = line_of(report, rules)
        assert line.startswith(f"{report.file}: good. ")
        assert "\n" not in line
        assert not report.rule or f"warm after {report.rule.warmup} candles" in line


@pytest.mark.parametrize("path", [*STRATEGIES, *OTHER_FILES], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_told_in_full_fits_the_screen(path: Path) -> None:
    """No line but the first and the example, both meant to be copied, is over 100 columns."""
    report = report_on(path.relative_to(ROOT) if path.is_relative_to(Path.cwd()) else path)
    _, *lines = lines_of(report, [report.rule] if report.rule else [])
    assert [line for line in lines if len(line) > 100 and not line.startswith("{")] == []


def test_equal_expressions_of_two_files_are_counted_once(tmp_path: Path) -> None:
    """On the same candles, values that two files have in common are shared; on others they are not."""
    one = report_on(written(tmp_path, "one", GOOD)).rule
    two = report_on(written(tmp_path, "two", spoilt(("ta.crossunder(", "ta.cross(")))).rule
    far = report_on(written(tmp_path, "far", spoilt(("timeframe: 1h", "timeframe: 4h")))).rule
    assert one
    assert two
    assert far
    assert len(one.values) == 4  # two averages, two crossings
    assert shared_with(one, [one, two, far]) == 3
    assert shared_with(far, [one, two, far]) == 0
    assert shared([one, two, far]) == {"1h": (5, 3)}


def test_a_definition_that_nothing_uses_is_told(tmp_path: Path) -> None:
    """A definition counts where its name stands, not where it is defined."""
    unused = report_on(written(tmp_path, "unused", spoilt(("define:\n", "define:\n  idle: ta.sma(close, 9)\n")))).rule
    assert unused
    assert {c.name: c.places for c in unused.computed if c.name} == {"idle": 0, "fast_ma": 2, "slow_ma": 2}


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ([], ["openLong percent 25", "closeLong percent 100"]),
        ([("  exit: ta.crossunder(fast_ma, slow_ma)\n", "")], ["openLong percent 25"]),
        (
            [("order:", "take_profit: {percent: 4}\norder:"), ("{percent: 25}", "{fixed: 2}")],
            ["openLong fixed 2, profit", "closeLong percent 100"],
        ),
        (
            [("type: market,", "type: limit, price: low,"), ("order:", "stop_loss: {percent: 2, from: entry}\norder:")],
            ["openLong percent 25, limit", "closeLong percent 100", "cancel"],
        ),
        (
            [("order:", "take_profit: [{percent: 2, close_percent: 50}, {percent: 4}]\ndelay_seconds: 3\norder:")],
            ["openLong percent 25, delaySeconds", "closeLong percent 100, or the share of a level, delaySeconds"],
        ),
        (
            [("{percent: 25}", "{risk_percent: fast / 4}"), ("order:", "stop_loss: {ticks: 200}\norder:")],
            ["openLong fixed, at a risk of fast / 4 %, loss", "closeLong percent 100"],
        ),
        (
            [("futures", "spot"), ("  exit: ta.crossunder(fast_ma, slow_ma)\n", "stop_loss: {percent: 4}\n")],
            ["buy percent 25", "sell percent 100"],
        ),
        (
            [("  exit: ta.crossunder(fast_ma, slow_ma)\n", "short: {enter: close < open}\n"), ("25", "fast / 2")],
            [
                "openLong percent of fast / 2",
                "closeLong percent 100",
                "openShort percent of fast / 2",
                "closeShort percent 100",
            ],
        ),
    ],
)
def test_messages_are_those_that_the_file_can_lead_to(changes: list[tuple[str, str]], messages: list[str]) -> None:
    """A side that no message closes has none; what the engine itself closes has one; sizes stand as written."""
    assert sent(spoilt(*changes)) == messages


def test_what_a_rule_does_is_told_in_sentences(tmp_path: Path) -> None:
    """Of every field there is a sentence that a person who never saw the file understands."""
    report = report_on(written(tmp_path, "every", EVERYTHING)).rule
    assert report
    told = [f"{sentence.about}: {sentence.says}" for sentence in report.conduct]
    for sentence in (
        "opens: long by a limit order at close - atr, for as much as loses risk % of the equity at the stop-loss; "
        "withdrawn after 4 candles, or when close > open + atr is true, or when the other side has filled",
        "opens: short once the price has reached low, for 0.5 of the base asset, watched by the engine; withdrawn when "
        "the other side has filled",
        "leaves: long at its take-profit: 50 % of it at 2 % above the order's price, the rest at 3 * atr above the "
        "entry, watched by the engine",
        "leaves: long at its stop-loss: 500 ticks below the order's price, sent with the order",
        "leaves: long at a stop that trails 2 * atr below the best price, from 300 ticks in profit on, watched by the "
        "engine",
        "leaves: short at its entry price, once the price has come 1 % below it, watched by the engine",
        "leaves: at 16:45 America/New_York (mon-fri), whatever is open",
        "aside: enters only in 09:30-16:00 America/New_York (mon-fri) and in 22:00-02:00 UTC (sun, mon)",
        "aside: makes no entry for 3 candles after an exit with a loss",
        "aside: adds up to 3 entries on one side",
        "watch: what the engine holds is watched on 5m candles",
        "tells: the platform to delay each order by 2.5 s where its log contains 'slow'",
    ):
        assert sentence in told
