"""What docs/rules.md says of the rule language is so: every example is read, planned and played."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app.check import report_on
from engine.cli.check_words import lines_of
from engine.rules import read_rule
from engine.rules.model import RuleFile
from engine.rules.single import plan_text
from tests.cli.program import ROOT
from tests.docs.markdown import blocks, codes, rows, with_base
from tests.rules.files import errors_of, spoilt

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = [with_base(block) for block in blocks(PAGE, "yaml")]
EXPRESSIONS = [code for row in rows(PAGE, "write") for code in codes(row[0]) if any(c.isalnum() for c in code)]
LEVELS = {
    (key, code)
    for cells in rows(PAGE, "key")
    for key in codes(cells[0])
    for code in codes(cells[1])
    if code.startswith(("{", '"'))
}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_a_good_rule(number: int, tmp_path: Path) -> None:
    """Each block is a rule file, or a part of one, that `check` has nothing against and can tell all about."""
    path = tmp_path / "rule.yaml"
    path.write_text(EXAMPLES[number], encoding="utf-8")
    report = report_on(path)
    assert report.warnings == []
    assert len(list(lines_of(report, []))) > 3


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_means_something(expression: str) -> None:
    """Each expression in the table is one."""
    assert plan_text(expression).outputs


@pytest.mark.parametrize("key", sorted(LEVELS))
def test_every_way_to_leave_is_one(key: tuple[str, str]) -> None:
    """Each value that the table of exits shows may stand at each of its keys."""
    read_rule(with_base(f"{key[0]}: {key[1]}\n"), "rule.yaml")


@pytest.mark.parametrize("size", [codes(row[0])[0] for row in rows(PAGE, "size")])
def test_every_size_is_one(size: str) -> None:
    """Each kind of size is taken; that of a risk with a stop."""
    read_rule(with_base(f"stop_loss: {{percent: 2}}\norder: {{size: {size}}}\n"), "rule.yaml")


def test_every_key_of_the_language_is_on_the_page() -> None:
    """Whatever a rule file may hold, the page has it."""
    assert [name for name in RuleFile.model_fields if f"{name}:" not in PAGE and f"`{name}`" not in PAGE] == []


def test_what_is_said_to_be_an_error_is_one() -> None:
    """The mistake that is shown gives this very text; what the page calls an error is."""
    shown = next(block for block in blocks(PAGE, "") if "did you mean" in block)
    text = spoilt(("ta.crossover(fast_ma, slow_ma)", "ta.crossover(fast_ma, slow_m)"))
    assert str(errors_of(text)) == shown.rstrip("\n")
    for wrong in ("ta.sma(close, volume) > 1", "position.bars[1] > 1"):
        assert wrong.partition(" >")[0] in PAGE
        errors_of(spoilt(("ta.crossover(fast_ma, slow_ma)", wrong)))
