from __future__ import annotations

import math

import pytest

from engine.documents import Mapping, Scalar, Source, Span, parse, parse_on
from engine.errors import InvalidDocumentError


def scalar(text: str) -> object:
    node = parse(Source("x.yaml", f"a: {text}")).get("a")
    assert isinstance(node, Scalar)
    return node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("on", "off", "yes", "no", "y", "n", "NO", "22:30", "2024-01-01", "0x1F", "0o17")),
        *((word, word) for word in ("1_000", "+", "-x", ".", "1e", "e3", "tRUE", "nULL", ".inf", ".nan", "١٢", "1 2")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        ("017", 17),
        ("-3", -3),
        ("+12", 12),
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E+2", -150.0),
        ("'12'", "12"),
        ('"true"', "true"),
        ("|\n  12", "12"),
        (">-\n  null", "null"),
        ("9" * 40, int("9" * 40)),
        ("9" * 41, float("9" * 41)),
        ("1e999", math.inf),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    """Plain words are numbers, truth or nothing only where YAML 1.2's core schema says so; quoted ones are texts."""
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\na: 2\nb: {c: 1, c: 2}", ["2:1 'a' stands twice", "3:11 'c' stands twice"]),
        ("a: &x 1\nb: *x", ["1:4 anchors (&name) are not allowed", "2:4 aliases (*name) are not allowed"]),
        ("a: !!str 1\nb: !c 2", ["1:4 tags (!name) are not allowed", "2:4 tags (!name) are not allowed"]),
        ("[a]: 1", ["1:1 a key must be a plain word"]),
        ("a: 1\n---\nb: 2", ["2:1 a second document; one file holds one"]),
        ("- a", ["1:1 expected lines of 'key: value'"]),
        ("a", ["1:1 expected lines of 'key: value'"]),
        ("", ["1:1 the file is empty"]),
        ("# only this", ["1:1 the file is empty"]),
        ("a: \x07", ["1:4 a character that YAML does not allow: U+0007"]),
        ("a:\n\tb: 1", ["2:1 a tab cannot indent"]),
        ("a: @b", ["1:4 not valid YAML: '@' cannot begin a value"]),
        ("a: `b", ["1:4 not valid YAML: '`' cannot begin a value"]),
        ("a: %b", ["1:4 not valid YAML: '%' cannot begin a value"]),
        ("a: [1, 2", ["1:4 not valid YAML: this '[' is not closed, or a ',' is missing in it"]),
        ("a: {b: 1", ["1:4 not valid YAML: this '{' is not closed, or a ',' is missing in it"]),
        ("a: 'b\nc: d", ["1:4 not valid YAML: the text ends inside a quotation"]),
        ('a: "\\q"', ['1:5 not valid YAML: \\q means nothing inside " "']),
        ("a: b: c", ["1:5 not valid YAML: ': ' begins a value, and this line has one already"]),
        ("a: 1\n  b: 2", ["2:4 this line is indented further than the one above it"]),
        ("a:\n  b: 1\n c: 2", ["3:2 not valid YAML: this is not in line with what stands above"]),
        ("a:\n  - 1\n  b: 2", ["3:3 not valid YAML: this is not in line with the list items above"]),
        ("a: 1\nb\nc: 2", ["3:1 not valid YAML: a ':' is missing: a line is 'key: value', or '- ' and a list item"]),
        ("a: > b", ["1:6 not valid YAML: '>', '|' or '!' has a meaning of its own at the start of a value"]),
        ("a: & b", ["1:5 not valid YAML: '&' and '*' have a meaning of their own at the start of a value"]),
        ("a: - b", ["1:4 not valid YAML: '- ' begins a list item, and none can stand here"]),
    ],
)
def test_what_is_refused_and_where(text: str, problems: list[str]) -> None:
    """Each kind of text that is not strict YAML gives these problems at these places."""
    with pytest.raises(InvalidDocumentError) as refused:
        parse(Source("x.yaml", text))
    assert [f"{p.line}:{p.column} {p.message}" for p in refused.value.problems] == problems


def test_twenty_levels_are_the_most() -> None:
    """Nesting of 20 levels is read, 21 is refused."""
    nested = {depth: "a: " + "[" * (depth - 2) + "1" + "]" * (depth - 2) for depth in (20, 21)}
    assert parse(Source("x", nested[20]))
    with pytest.raises(InvalidDocumentError, match="over 20 levels deep"):
        parse(Source("x", nested[21]))


def test_the_size_is_counted_in_bytes() -> None:
    """256 KiB are read; one byte more is refused, also where it is fewer characters."""
    assert parse(Source("x", "a: " + "b" * (256 * 1024 - 3)))
    with pytest.raises(InvalidDocumentError, match="over 256 KiB"):
        parse(Source("x", "a: " + "é" * (128 * 1024)))


def test_a_tree_with_mistakes_is_given_beside_them() -> None:
    """`parse_on` gives the first of two equal keys, and says that there was a second."""
    root, problems = parse_on(Source("x", "a: 1\na: 2\nb: 3"))
    assert root.plain() == {"a": 1, "b": 3}
    assert [p.message for p in problems] == ["'a' stands twice"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_right_with_every_line_end(newline: str, mark: str) -> None:
    """Lines, columns and offsets agree with the text, whatever ends its lines, and with a byte order mark."""
    source = Source("x", mark + newline.join(["# ä\U0001f600", "a: 1", "b:", "  c: [x, yy]", "d: 'zzz'"]))
    root = parse(source)
    assert [root.keys[key] for key in "abd"] == [Span(2, 1, 1), Span(3, 1, 1), Span(5, 1, 1)]
    inner = root.get("b", "c")
    for node, text in ((root.get("a"), "1"), (root.get("d"), "'zzz'"), (inner.items[1], "yy")):  # type: ignore[union-attr]
        assert isinstance(node, Scalar)
        assert source.text[node.start : node.end] == text
        assert source.span(node.start, len(text)) == node.span
        line = source.lines[node.span.line - 1]
        assert line[node.span.column - 1 :][: node.span.length] == text


def test_get_follows_keys() -> None:
    """`get` gives None where a key is missing or leads through something that is no mapping."""
    root = parse(Source("x", "a: {b: 1}\nc: 2"))
    assert isinstance(root.get("a"), Mapping)
    assert root.get("a", "b").plain() == 1  # type: ignore[union-attr]
    assert root.get("a", "x") is None
    assert root.get("c", "b") is None
