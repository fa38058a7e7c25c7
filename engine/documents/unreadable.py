"""What PyYAML cannot read, in the words of a person who never heard of its scanner."""

from __future__ import annotations

import yaml

from engine.documents.source import Source, Span
from engine.errors import Problem

_QUOTE = "quote the whole text"

# A part of what PyYAML says: what we say, and what to do. Both of its parsers (C and Python) use these words.
_WORDS: dict[str, tuple[str, str]] = {
    "mapping values are not allowed": ("': ' begins a value, and this line has one already", _QUOTE),
    "cannot start any token": ("'{found}' cannot begin a value", _QUOTE),
    "tab character": ("a tab cannot indent", "indent with spaces"),
    "unexpected end of stream": ("the text ends inside a quotation", "close the quote"),
    "unexpected document indicator": ("the text ends inside a quotation", "close the quote"),
    "unknown escape character": ('{found} means nothing inside " "', "use ' ' instead, or write \\\\"),
    "',' or ']'": ("this '[' is not closed, or a ',' is missing in it", "if it belongs to a longer text, quote that"),
    "',' or '}'": ("this '{{' is not closed, or a ',' is missing in it", "if it belongs to a longer text, quote that"),
    "expected comment or line break": ("'>', '|' or '!' has a meaning of its own at the start of a value", _QUOTE),
    "alphabetic or numeric character": ("'&' and '*' have a meaning of their own at the start of a value", _QUOTE),
    "block sequence entries are not allowed": ("'- ' begins a list item, and none can stand here", "indent it below"),
    "expected '-' indicator": ("this is not in line with the list items above", "indent all items alike"),
    "expected <block end>": ("this is not in line with what stands above", "indent lines of one level alike"),
    "did not find expected key": ("this is not in line with what stands above", "indent lines of one level alike"),
    "could not find expected ':'": ("a ':' is missing: a line is 'key: value', or '- ' and a list item", ""),
    "expected <document start>": ("nothing may follow here", ""),
    "undefined tag handle": ("'!' has a meaning of its own at the start of a value", _QUOTE),
}


def unreadable(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    """Say where and why the text could not be read any further."""
    mark = error.problem_mark or error.context_mark
    span = Span(mark.line + 1, mark.column + 1, 1) if mark else Span(1, 1, 1)
    line = source.lines[span.line - 1] if span.line <= len(source.lines) else ""
    found = line[span.column - 1 :][:1]
    found = line[span.column - 1 :][:2] if found == "\\" else found
    said = f"{error.context or ''} {error.problem or ''}".strip()
    if found == "\t" or "\t" in line[: len(line) - len(line.lstrip())]:
        return source.problem(span, "a tab cannot indent", "indent with spaces")
    if "mapping values are not allowed" in said and ": " not in line[: span.column - 1]:
        return source.problem(span, "this line is indented further than the one above it", "indent them alike")
    for part, (message, hint) in _WORDS.items():
        if part in said:
            # What never ends is only noticed at the end of the file: say where it begins.
            begins = error.context_mark if "quotation" in message or "closed" in message else None
            place = Span(begins.line + 1, begins.column + 1, 1) if begins else span
            return source.problem(place, f"not valid YAML: {message.format(found=found)}", hint.format())
    return source.problem(span, f"not valid YAML: {said}")
