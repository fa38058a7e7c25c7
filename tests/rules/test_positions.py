from __future__ import annotations

import pytest

from engine.errors import Problem
from tests.rules.files import errors_of, spoilt

ENTER = "enter: ta.crossover(fast_ma, slow_ma)"


def place_of_wrong(enter: str, newline: str = "\n") -> Problem:
    """Give the problem of a rule whose `enter` is written like this, with the name `wrong` in it."""
    text = spoilt((ENTER, enter)).replace("\n", newline)
    problem = next(p for p in errors_of(text).problems if "'wrong'" in p.message)
    lines = text.split(newline)
    row = next(i for i, line in enumerate(lines) if "wrong" in line)
    assert (problem.line, problem.column, problem.length) == (row + 1, lines[row].index("wrong") + 1, 5)
    return problem


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "enter",
    [
        "enter: close > wrong",
        "enter:      close>wrong",
        "enter: 'close > wrong'",
        'enter: "close > wrong"',
        'enter: "\\x63lose > wrong"',
        "enter: 'close > 1 and nz(''a'', ''b'') > wrong'",
        "enter: close >\n    wrong",
        "enter: close\n\n     >\n       wrong + 1",
        "enter: 'close\n      > 1 and\n      wrong > 2'",
        "enter: >\n    close > 1 and\n    wrong > 2",
        "enter: >-\n    -close > 1 and\n    wrong > 2",
        "enter: > # a note\n    a > 1 or\n      wrong > 2",
        "enter: |\n    close > 1 and\n    (1 > 2 or\n       wrong > 3)",
        "enter: |2+\n    close > 1 and\n\n    wrong > 3\n",
        "enter: {all: [close > 1, wrong > 2]}",
        "enter:\n    any:\n      - close > 1\n      - not: open < wrong",
        "enter: (ta.ema(close, 3) > wrong)  # ünïcödé",
    ],
)
def test_a_name_inside_any_way_of_writing_is_found_at_its_place(enter: str, newline: str) -> None:
    """In plain, quoted, folded and literal texts the caret stands under the very name, whatever ends the lines."""
    place_of_wrong(enter, newline)


def test_the_caret_stands_under_the_place() -> None:
    """The third line of a problem points at the column, also behind a tab."""
    shown = str(place_of_wrong("enter: 'close\t> wrong'")).splitlines()
    assert shown[1][4:].index("wrong") == shown[2][4:].index("^")
    assert "\t" in shown[2]


def test_of_a_very_long_line_the_part_around_the_place_is_shown() -> None:
    """A line of thousands of characters is cut, and the caret still points at the name."""
    shown = str(place_of_wrong(f"enter: {'close + ' * 900}wrong > 1")).splitlines()
    assert all(len(line) < 200 for line in shown)
    assert shown[1].index("wrong") == shown[2].index("^^^^^")


def test_one_mistake_in_a_definition_is_told_once() -> None:
    """A name whose definition is wrong, or cannot be read, causes no further errors where it is used."""
    for bad in ("ta.ema(clse, 26)", "ta.ema(close, 26", ""):
        text = spoilt((" ta.ema(close, 26)", f" {bad}".rstrip()))
        assert [p.line for p in errors_of(text).problems] == [10], bad
