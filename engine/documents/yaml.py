"""PyYAML's events, read strictly.

The scalars are those of YAML 1.2's core schema (section 10.3 of its specification), so `on`, `no` and
`22:30` are strings, `017` is seventeen and `1e-3` is a number. Duplicate keys, anchors, aliases, tags, several
documents, files over 256 KiB and nesting over 20 levels are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from engine.documents.nodes import Mapping, Node, Scalar, Sequence
from engine.documents.source import MAX_BYTES, TOO_LARGE, Source, Span
from engine.documents.unreadable import unreadable
from engine.errors import InvalidDocumentError, Problem

MAX_DEPTH = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _value)


def parse(source: Source) -> Mapping:
    """Read one document whose top level is a mapping.

    Errors: InvalidDocumentError with every duplicate key, alias, tag and excess; what PyYAML itself cannot read
    ends the reading, so it is reported alone.
    """
    root, problems = parse_on(source)
    if problems:
        raise InvalidDocumentError(problems)
    return root


def parse_on(source: Source) -> tuple[Mapping, list[Problem]]:
    """Read like `parse`, but give the problems beside what could be read, so that its content is checked as well.

    Errors: InvalidDocumentError where there is nothing to go on with.
    """
    if len(source.text.encode(errors="replace")) > MAX_BYTES:
        raise InvalidDocumentError([Problem(source.name, 1, 1, 1, TOO_LARGE)])
    if wrong := _NOT_ALLOWED.search(source.text):
        message = f"a character that YAML does not allow: U+{ord(wrong.group()):04X}"
        hint = "is this a text file?" if wrong.group() == "\0" else "remove it"
        raise InvalidDocumentError([source.problem(source.span(wrong.start(), 1), message, hint)])
    reader = _Reader(source)
    try:
        node = reader.document()
    except yaml.MarkedYAMLError as error:
        raise InvalidDocumentError([*reader.problems, unreadable(source, error)]) from None
    if not isinstance(node, Mapping):
        reader.report(node.span, "expected lines of 'key: value'" if node.span.length else "the file is empty")
        raise InvalidDocumentError(reader.problems)
    return node, reader.problems


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.events: Iterator[Any] = yaml.parse(source.text, Loader=_LOADER)

    def document(self) -> Node:
        next(self.events)  # stream start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar(None, "", Span(1, 1, 0), 0, 0)
        node = self.node(next(self.events), depth=1)
        next(self.events)  # document end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.report(self.span(event), "a second document; one file holds one")
        return node

    def node(self, event: Any, depth: int) -> Node:
        span = self.span(event)
        if depth == MAX_DEPTH + 1:
            raise InvalidDocumentError([*self.problems, self.source.problem(span, f"over {MAX_DEPTH} levels deep")])
        if isinstance(event, yaml.AliasEvent):
            self.report(span, "aliases (*name) are not allowed", "write the value out")
            return Scalar(None, "", span, 0, 0)
        if event.anchor is not None:
            self.report(span, "anchors (&name) are not allowed", "write the value out")
        if event.tag is not None:
            self.report(span, "tags (!name) are not allowed", "quote the text if it starts with '!'")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(span, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(span, depth)
        style = event.style or ""  # plain is None or '', by which of PyYAML's parsers runs
        value = event.value if style else _core_schema(event.value)
        return Scalar(value, event.value, span, event.start_mark.index, event.end_mark.index, style)

    def sequence(self, span: Span, depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return Sequence(tuple(items), span)

    def mapping(self, span: Span, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if not isinstance(key, Scalar):
                self.report(key.span, "a key must be a plain word")
            elif key.text in entries:
                first = keys[key.text]
                self.report(key.span, f"'{key.text}' stands twice", f"first on line {first.line}; remove one")
            else:
                entries[key.text], keys[key.text] = value, key.span
        return Mapping(entries, keys, span)

    def report(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(self.source.problem(span, message, hint))

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Span(start.line + 1, start.column + 1, max(1, length))


def _core_schema(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= 40:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
