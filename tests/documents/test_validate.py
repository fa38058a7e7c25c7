from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.documents import Source, did_you_mean, faults_at, parse, validate, validate_layers
from engine.errors import InvalidDocumentError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    kind: Literal["big", "small"] = "big"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = "x"
    whole: int = 1
    number: float = Field(default=1.0, allow_inf_nan=False)
    money: Decimal = Decimal(1)
    flag: bool = False
    colour: Colour = Colour.RED
    positive: float = Field(default=1, gt=0, le=10)
    least: int = Field(default=1, ge=1, lt=5)
    filled: str = Field(default="x", min_length=1)
    some: list[str] = Field(default=["x"], min_length=1)
    inner: Inner = Inner()
    several: dict[str, Inner] = {}
    rows: list[Inner] = []

    @model_validator(mode="after")
    def _rows_fit(self) -> Outer:
        faults: list[tuple[tuple[str | int, ...], str]] = [
            (("rows", i, "size"), f"{row.size} is unlucky") for i, row in enumerate(self.rows) if row.size == 13
        ]
        if faults:
            raise faults_at(faults)
        return self


def told(text: str, model: type[BaseModel] = Outer) -> list[str]:
    source = Source("x.yaml", text)
    with pytest.raises(InvalidDocumentError) as refused:
        validate(parse(source), model, source)
    return [f"{p.line}:{p.column} {p.message}" + (f" | {p.hint}" if p.hint else "") for p in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("text: 12", "1:7 text: expected a text, not 12"),
        ("text: [a]", "1:1 text: expected a text, not a list"),
        ("text:", "1:6 text: nothing stands here; fill it in, or remove the key"),
        ("whole: 1.5", "1:8 whole: expected a whole number, not 1.5"),
        ("whole: x", "1:8 whole: expected a whole number, not the text 'x'"),
        ("number: x", "1:9 number: expected a number, not the text 'x'"),
        ("number: {a: 1}", "1:1 number: expected a number, not keys with values"),
        ("number: 1e999", "1:9 number: expected a finite number, not inf"),
        ("money: x", "1:8 money: expected a number, not the text 'x'"),
        ("flag: 7", "1:7 flag: expected true or false, not 7"),
        ("colour: bleu", "1:9 colour: expected 'red' or 'blue', not the text 'bleu' | did you mean 'blue'?"),
        ("positive: 0", "1:11 positive: must be above 0, not 0"),
        ("positive: 11", "1:11 positive: must be 10 or less, not 11"),
        ("least: 0", "1:8 least: must be 1 or more, not 0"),
        ("least: 5", "1:8 least: must be below 5, not 5"),
        ("filled: ''", "1:9 filled: expected something, not the text ''"),
        ("some: []", "1:1 some: expected something, not a list"),
        ("some: x", "1:7 some: expected a list, not the text 'x'"),
        ("some: [a, 2]", "1:11 some.1: expected a text, not 2"),
        ("inner: 3", "1:8 inner: expected keys with values below it, not 3 | such as {size: ...}"),
        ("inner: {kind: bg}", "1:15 inner.kind: expected 'big' or 'small', not the text 'bg' | did you mean 'big'?"),
        ("inner: {siez: 1}", "1:9 unknown key 'siez' | did you mean 'size'?"),
        ("inner: {zzz: 1}", "1:9 unknown key 'zzz' | known here: kind, size"),
        ("several: {a: {siez: 1}}", "1:15 unknown key 'siez' | did you mean 'size'?"),
        ("rows: [{size: 1}, {siez: 1}]", "1:20 unknown key 'siez' | did you mean 'size'?"),
        ("rows: [{size: 1}, {size: 13}]", "1:26 13 is unlucky"),
        ("'a b)': 1", "1:1 unknown key 'a b)' | if this belongs to a longer text, quote all of it"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_at_its_place(text: str, problem: str) -> None:
    """Each kind of mistake gives exactly this text at exactly this place."""
    assert told(text) == [problem]


def test_what_is_missing_is_said_once_for_each_section() -> None:
    """All keys that a section lacks are one problem, at the section."""

    class Section(BaseModel):
        a: int
        b: int
        c: int

    class File(BaseModel):
        first: Section
        second: Section

    assert told("first: {a: 1}\nsecond: {b: 2}", File) == [
        "1:1 'b' and 'c' are missing",
        "2:1 'a' and 'c' are missing",
    ]
    assert told("x: 1", File) == ["1:1 'first' and 'second' are missing"]
    assert told("first: {}\nsecond: {a: 1, b: 2, c: 3}", File) == ["1:1 'a', 'b' and 'c' are missing"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_text() -> None:
    """Mistakes of every kind come together, sorted by place."""
    assert [line.split()[0] for line in told("zzz: 1\ntext: 2\nrows: x\nwhole: y")] == ["1:1", "2:7", "3:7", "4:8"]


def test_of_thousands_of_mistakes_some_are_enough() -> None:
    """A file of 20,000 unknown keys is refused without looking into each of them."""
    assert len(told("".join(f"k{i}: 1\n" for i in range(20_000)))) == 200


def layered(*texts: str) -> list[Any]:
    sources = [Source(f"{name}.yaml", text) for name, text in zip(("near", "mid", "far"), texts, strict=False)]
    return [(parse(source), source) for source in sources]


@pytest.mark.parametrize(
    ("texts", "plain", "place"),
    [
        (("text: x", "whole: y"), {"text": "x", "whole": "y"}, "mid.yaml:1:8"),
        (("whole: z", "whole: 1"), {"whole": "z"}, "near.yaml:1:8"),
        (("inner: {}", "inner: {size: y}"), {"inner": {"size": "y"}}, "mid.yaml:1:15"),
        (("rows: [{}]", "rows: [{size: y}, {size: z}]"), {"rows": [{"size": "q"}]}, "near.yaml:1:8"),
        (("inner: {kind: z}", "inner: x", "inner: {kind: big}"), {"inner": {"kind": "z"}}, "near.yaml:1:15"),
        (("inner: {}", "inner: x", "inner: {size: y}"), {"inner": {"size": "y"}}, "near.yaml:1:1"),
    ],
)
def test_a_problem_is_placed_in_the_layer_that_its_value_comes_from(
    texts: tuple[str, ...], plain: dict[str, object], place: str
) -> None:
    """Mappings are looked through to the layers below; a list or a value hides what lies under it."""
    with pytest.raises(InvalidDocumentError) as refused:
        validate_layers(plain, Outer, layered(*texts))
    assert [f"{p.place}:{p.line}:{p.column}" for p in refused.value.problems] == [place]


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("clsoe", ["open", "close"], "did you mean 'close'?"),
        ("RSI", ["rsi", "ema"], "did you mean 'rsi'?"),
        ("rsi", ["RSI"], "did you mean 'RSI'?"),
        ("zzz", ["open", "close"], ""),
        ("", ["open"], ""),
        ("x" * 100_000, ["x" * 99_999], ""),
    ],
)
def test_only_near_words_are_suggested(word: str, known: list[str], hint: str) -> None:
    """A near word is suggested whatever its case; a far or an endless one is not."""
    assert did_you_mean(word, known) == hint


def test_control_characters_reach_no_terminal() -> None:
    """What a file holds cannot move the cursor of the person who reads the error."""
    shown = str(Source("x", "a: \x1b[2Jb").problem(Source("x", "").span(0, 1), "found '\x1b[2J'", "\x9b"))
    assert all(c == "\n" or c.isprintable() for c in shown)
