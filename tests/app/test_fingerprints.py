"""The file beside the rule files: what backtests write into it, and what starts make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.app.fingerprints import check, keep
from engine.errors import InvalidInputError, RefusedError
from engine.rules import Rule, read_rule_file
from engine.rules.fingerprint import fingerprint

RULE = """\
name: kept
market: spot
timeframe: 1h
params: {length: {default: 14, min: 2, max: 100, step: 1}}
long: {enter: "ta.crossover(ta.rsi(close, length), 30)", exit: "ta.rsi(close, length) > 70"}
order: {size: {percent: 10}}
"""
RSI = "ta.rsi(close, 14)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kept.yaml"
    path.write_text(RULE)
    return path


def _backtested(path: Path, **params: float) -> list[str]:
    """Keep what a backtest would."""
    rule = read_rule_file(path)
    return keep(path, rule, fingerprint(rule.plan(params), rule.timeframe))


def _values(path: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads((path.parent / "fingerprints.json").read_text())[path.name]["values"]
    return found


def _shift(path: Path, call: str) -> None:
    """Let the file say that a call gave something else."""
    file = path.parent / "fingerprints.json"
    document = json.loads(file.read_text())
    document[path.name]["values"][call][1] += 1e-6
    file.write_text(json.dumps(document))


def _rule(path: Path) -> Rule:
    return read_rule_file(path)


def test_what_was_backtested_may_trade(path: Path) -> None:
    """After a backtest, checking says nothing and changes nothing."""
    assert _backtested(path) == []
    before = (path.parent / "fingerprints.json").stat()
    assert check(path, _rule(path)) == []
    assert _backtested(path) == []
    after = (path.parent / "fingerprints.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_differs_is_refused_with_all_calls_until_accepted(path: Path) -> None:
    """The refusal names the calls; accepting keeps the new values, and says so once."""
    _backtested(path)
    _shift(path, RSI)
    with pytest.raises(RefusedError, match=r"not what was backtested: ta\.rsi\(close, 14\): the mean was .* and is "):
        check(path, _rule(path))
    assert [note.split(": ")[1:3] for note in check(path, _rule(path), accept=True)] == [["accepted", RSI]]
    assert check(path, _rule(path)) == []


def test_another_backtest_keeps_the_new_values_and_says_so(path: Path) -> None:
    """Who backtests with a changed library is told, and may trade with what was just backtested."""
    _backtested(path)
    _shift(path, RSI)
    assert "indicators changed since the last backtest: ta.rsi(close, 14): the mean was" in _backtested(path)[0]
    assert check(path, _rule(path)) == []


def test_the_last_bits_are_no_difference_and_no_change(path: Path) -> None:
    """Another processor's last bits are neither refused nor written."""
    _backtested(path)
    file = path.parent / "fingerprints.json"
    document = json.loads(file.read_text())
    document[path.name]["values"][RSI][1] *= 1 + 1e-12
    file.write_text(text := json.dumps(document))
    assert _backtested(path) == []
    assert check(path, _rule(path)) == []
    assert file.read_text() == text


def test_backtests_with_other_parameters_add_up_until_the_rule_changes(path: Path) -> None:
    """Each backtest adds its calls; another text of the rule begins anew."""
    _backtested(path)
    _backtested(path, length=30)
    assert {RSI, "ta.rsi(close, 30)"} < set(_values(path))
    assert check(path, _rule(path), {"length": 30}) == []
    path.write_text(RULE + "# changed\n")
    _backtested(path)
    assert len(_values(path)) == 2


def test_what_was_never_backtested_here_is_noted_and_kept_at_the_first_start(path: Path) -> None:
    """The first start remembers, so that a change is refused from then on."""
    (note,) = check(path, _rule(path))
    assert f"never backtested here with these values: {RSI}, " in note
    assert check(path, _rule(path)) == []
    _shift(path, RSI)
    with pytest.raises(RefusedError):
        check(path, _rule(path))


def test_two_rule_files_do_not_touch_each_other(path: Path) -> None:
    """Each has its own entry."""
    other = path.with_name("other.yaml")
    other.write_text(RULE.replace("14", "21"))
    _backtested(path)
    _backtested(other)
    _shift(other, "ta.rsi(close, 21)")
    assert check(path, _rule(path)) == []
    with pytest.raises(RefusedError):
        check(other, _rule(other))


def test_a_damaged_file_is_neither_trusted_nor_overwritten(path: Path) -> None:
    """It must be restored or deleted by a person."""
    file = path.parent / "fingerprints.json"
    file.write_text(text := '{"kept.yaml": {"rule_sha256": 1')
    words = r"fingerprints\.json cannot be read: it is damaged; restore it, or delete it and backtest again"
    with pytest.raises(InvalidInputError, match=words):
        _backtested(path)
    with pytest.raises(InvalidInputError, match=words):
        check(path, _rule(path), accept=True)
    assert file.read_text() == text


def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    """Where nothing can be kept, trading is possible, and the notes say what is missing."""
    (path.parent / "fingerprints.json").mkdir()
    with pytest.raises(InvalidInputError, match="cannot be read"):
        check(path, _rule(path))
    gone = path.parent / "gone" / "kept.yaml"
    rule = read_rule_file(path)
    assert "not written (No such file or directory)" in check(gone, rule)[-1]
    assert "not written" in keep(gone, rule, fingerprint(rule.plan(), rule.timeframe))[0]
