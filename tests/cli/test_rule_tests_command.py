"""`signal-engine test` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import signal_engine

RULE = """\
name: demo
market: futures
timeframe: 1h
long: {enter: close > 101, exit: close < 99}
take_profit: {percent: 4}
order: {size: {percent: 25}}
"""
TESTS = """\
tests:
  - name: a flat market never trades
    closes: {value: 100, bars: 20}
    expect: []
  - name: in and out
    closes: [100, 102, 98, 97, 102]
    expect:
      - {bar: 1, action: openLong, percent: 25, profit: 106.2}
      - {bar: 3, action: closeLong}
      - {bar: 4, action: openShort}
"""


def test_a_failing_test_shows_both_sides_and_why(tmp_path: Path) -> None:
    """Each difference is marked, the conditions of the first one are shown, other files still run; it ends with 1."""
    good, bad, none = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "none.yaml"
    good.write_text(RULE + TESTS)
    bad.write_text(RULE + "tests:\n  - {name: it, closes: [x], expect: []}\n")
    none.write_text(RULE)
    ran = signal_engine("test", good, bad, none, tmp_path / "gone.yaml")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    lines = ran.stdout.splitlines()
    assert "  passed  a flat market never trades" in lines
    assert "  FAILED  in and out" in lines
    assert f"{none}: no tests" in lines
    assert lines[-1] == "1 passed, 1 failed, 2 files not good"
    assert f"{good}:11:11: 'in and out' did not send what is expected" in lines
    rows = {line.split()[0]: line for line in lines if line[:3].strip().isdigit()}
    assert "openLong percent 25 profit 106.2" in rows["1"]
    assert "openLong percent 25 profit 106.08" in rows["1"]
    assert rows["1"].rstrip().endswith("profit differs")
    assert rows["2"].rstrip().endswith("bar differs")
    assert rows["4"].rstrip().endswith("action differs")
    assert any("close > 101" in line and "102 > 101" in line for line in lines)
    assert f"{bad}:8:25: tests.0.closes.0: expected a price" in ran.stderr
    assert "gone.yaml: cannot be read" in ran.stderr


def test_json_is_one_document_with_every_message(tmp_path: Path) -> None:
    """--json gives each test of strategies/*.yaml with its messages, what differs, the conditions; and nothing else."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "rule.yaml").write_text(RULE + TESTS)
    ran = signal_engine("test", "--json", cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr == ""
    document = json.loads(ran.stdout)
    assert (document["passed"], document["failed"], document["files_not_good"]) == (1, 1, 0)
    flat, other = document["files"][0]["tests"]
    assert (flat["passed"], flat["messages"], flat["why"]) == (True, [], None)
    first, second, third = other["messages"]
    assert first["expected"] == {"bar": 1, "action": "openLong", "percent": "25", "profit": "106.2"}
    assert first["sent"]["profit"] == "106.08"
    assert [message["different"] for message in (first, second, third)] == [["profit"], ["bar"], ["action"]]
    assert [(c["name"], c["acts"]) for c in other["why"]["conditions"]] == [("long.enter", True), ("long.exit", False)]


def test_where_there_is_nothing_to_test_it_says_so(tmp_path: Path) -> None:
    """Without files, in a folder without strategies, it is wrong usage."""
    ran = signal_engine("test", cwd=tmp_path)
    assert ran.returncode == 2
    assert "name the rule files to test" in ran.stderr
