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
from engine.documents.source import Source, Span
from engine.errors import InvalidDocumentError, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _value)


def parse(source: Source) -> Mapping:
    """Read one document whose top level is a mapping.

    Errors: InvalidDocumentError with every duplicate key, alias, tag and excess; what PyYAML itself cannot read
    ends the reading, so it is reported alone.
    """
    if len(source.text.encode()) > MAX_BYTES:
        raise InvalidDocumentError([Problem(source.name, 1, 1, 1, f"the file is over {MAX_BYTES // 1024} KiB")])
    reader = _Reader(source)
    try:
        node = reader.document()
    except yaml.MarkedYAMLError as error:
        raise InvalidDocumentError([_syntax_problem(source, error)]) from None
    except yaml.reader.ReaderError as error:
        line = source.text.count("\n", 0, error.position) + 1
        message = "a character that YAML does not allow"
        raise InvalidDocumentError([source.problem(Span(line, 1, 1), message)]) from None
    if not isinstance(node, Mapping) and not reader.problems:
        reader.problems.append(source.problem(node.span, "expected a mapping: lines of 'key: value'"))
    if reader.problems or not isinstance(node, Mapping):
        raise InvalidDocumentError(reader.problems)
    return node


def _syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    span = Span(mark.line + 1, mark.column + 1, 1) if mark else Span(1, 1, 1)
    what = error.problem or error.context or "not YAML"
    hint = ""
    if "mapping values are not allowed" in what:
        hint = "if this text contains ': ', quote it"
    elif "\\t" in what or "'\\t'" in what:
        hint = "indent with spaces, not tabs"
    return source.problem(span, f"not valid YAML: {what}", hint)


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.events: Iterator[Any] = yaml.parse(source.text, Loader=_LOADER)

    def document(self) -> Node:
        next(self.events)  # stream start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar(None, "", Span(1, 1, 1), 0, 0)
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
            self.report(span, f"tags are not allowed: {event.tag}", "quote the text if it starts with '!'")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(span, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(span, depth)
        quoted = event.style in tuple("'\"|>")  # plain is None or '', by which of PyYAML's parsers runs
        value = event.value if quoted else _core_schema(event.value)
        return Scalar(value, event.value, span, event.start_mark.index, event.end_mark.index)

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
