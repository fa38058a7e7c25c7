"""What docs/from-pine.md says of Pine and rule files is so: both sides of each row are tried."""

from __future__ import annotations

import re

import pytest

from engine.errors import InvalidExpressionError
from engine.rules import read_rule
from engine.rules.single import plan_text
from tests.cli.program import ROOT
from tests.docs.markdown import blocks, codes, tables, with_base

PAGE = (ROOT / "docs" / "from-pine.md").read_text(encoding="utf-8")
ROWS = [(codes(row[0])[0], codes(row[1])[0], row[2]) for row in tables(PAGE)]
_FIELD = re.compile(r"[a-z_]+: ")


def test_the_example_is_a_rule() -> None:
    """The script's rule file is a good one."""
    (text,) = blocks(PAGE, "yaml")
    read_rule(text, "rule.yaml").plan()


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_right_side_can_be_taken(row: tuple[str, str, str]) -> None:
    """What stands under "here" is a field of a rule file, or an expression."""
    if _FIELD.match(row[1]):
        read_rule(with_base(row[1]), "rule.yaml").plan()
    else:
        assert plan_text(row[1]).outputs


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_left_side_is_the_same_or_told_to_be_otherwise(row: tuple[str, str, str]) -> None:
    """Pine's words give the very plan of ours where the row says "same"; else it is told why not."""
    pine, here, note = row
    if note.startswith("same"):
        assert (_FIELD.match(here) and plan_fails(pine)) or plan_text(pine) == plan_text(here)
    elif problem := plan_fails(pine):
        assert problem.strip(), pine
    else:
        assert pine in ("hour >= 9", "bar_index > 500")


def plan_fails(text: str) -> str:
    """Give the message and the hint with which an expression is refused; "" where it is taken."""
    try:
        plan_text(text)
    except InvalidExpressionError as error:
        return f"{error.problems[0].message} {error.problems[0].hint}"
    return ""
