"""Conditions with their values, as lines of a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from engine.rules.explanation import Compared, Explained, Named, Part, Truth

_WORDS = {True: "true", False: "false", None: "unknown"}
_STYLES = {True: "green", False: "red", None: "yellow"}
_LABELS = {"chain": "", "value": "", "name": "", "comparison": "", "crossing": "", "earlier": "", "choice": ""}
_TRUTH_WIDTH = 11
_FIGURES = 7


@dataclass(frozen=True)
class _Line:
    depth: int
    truth: Truth
    label: str
    numbers: str
    distance: str = ""

    def detail(self, width: int) -> str:
        """What stands beside the label, the distance after `width` characters."""
        return f"{self.numbers:{width}}  {self.distance}" if self.distance else self.numbers


def condition_lines(explained: Explained, width: int) -> Iterator[Text]:
    """Give a condition's name and truth, and below it its tree: truth, what stands in the file, the two numbers."""
    truth = explained.condition.truth
    head = Text.assemble((explained.name, "bold"), ": ", (_WORDS[truth], _STYLES[truth]))
    if explained.acts != truth:
        head.append(f", and with what else the file asks for {_WORDS[explained.acts]}")
    yield head
    yield from part_lines(explained.condition, width)


def part_lines(part: Part, width: int) -> Iterator[Text]:
    """Give a condition's tree."""
    lines = list(_lines(part, 0))
    room = width - _TRUTH_WIDTH
    wide = max((len(line.numbers) for line in lines if line.distance), default=0)
    starts = [2 * line.depth + len(line.label) + 2 for line in lines if line.numbers]
    longest = max((len(line.detail(wide)) for line in lines if line.distance), default=40)
    column = max((start for start in starts if start + longest <= room), default=0)
    for line in lines:
        indent = " " * (2 * line.depth)
        head = Text.assemble("  ", (f"{_WORDS[line.truth]:{_TRUTH_WIDTH - 2}}", _STYLES[line.truth]))
        below = indent + "  "
        wrapped = textwrap.wrap(line.label, room - len(indent), subsequent_indent="  ") or [""]
        first = indent + wrapped[0]
        details = [line.detail(wide)] if line.numbers else []
        if details and len(wrapped) == 1 and len(first) + 2 <= column and column + len(details[0]) <= room:
            head.append(first.ljust(column))
            head.append(details.pop(), "dim")
        else:
            head.append(first)
        yield head
        for text in wrapped[1:]:
            yield Text(" " * _TRUTH_WIDTH + indent + text)
        for text in textwrap.wrap(" ".join(details), room - len(below)):
            yield Text(" " * _TRUTH_WIDTH + below + text, "dim")


def name_lines(names: Sequence[Named], width: int) -> Iterator[Text]:
    """Give the definitions and parameters with their values; of a condition, its tree below."""
    longest = max((len(named.name) for named in names), default=0)
    values = [_named_value(named) for named in names]
    widest = max((len(value) for value, _ in values), default=0)
    for named, (value, style) in zip(names, values, strict=True):
        text = "" if named.text == value else named.text
        text += f"  ({named.unknown})" if named.unknown else ""
        lead = longest + widest + 6
        wrapped = textwrap.wrap(text, max(20, width - lead)) or [""]
        yield Text.assemble(f"  {named.name:{longest}}  ", (f"{value:>{widest}}", style), f"  {wrapped[0]}")
        yield from (Text(" " * lead + line) for line in wrapped[1:])
        if named.condition is not None and (named.condition.parts or named.condition.compared):
            yield from (Text("    ").append_text(line) for line in part_lines(named.condition, width - 4))


def figure(value: float | None, digits: int = _FIGURES) -> str:
    """Write a number with as many digits as matter, thousands separated; "na" for none."""
    if value is None or math.isnan(value):
        return "na"
    if not value or abs(value) < 1e-6 or abs(value) >= 1e15:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _lines(part: Part, depth: int, before: str = "") -> Iterator[_Line]:
    label = before + (part.text if part.kind in _LABELS else part.kind)
    if part.compared is not None and part.bars_ago > 1:
        label += f"  ({part.bars_ago} candles before)"
    if part.unknown or part.compared is None:
        yield _Line(depth, part.truth, label, part.unknown)
    else:
        past = before.startswith("before")
        yield _Line(depth, part.truth, label, _compared(part.compared), _distance(part.compared, past=past))
    if part.kind == "crossing" and part.unknown:
        return
    words = ("now     ", "before  ") if part.kind == "crossing" else ("",) * len(part.parts)
    for word, inner in zip(words, part.parts, strict=True):
        yield from _lines(inner, depth + 1, word)


def _compared(compared: Compared) -> str:
    left, right = figure(compared.left_value), figure(compared.right_value)
    if left == right and compared.left_value != compared.right_value:
        left, right = figure(compared.left_value, 15), figure(compared.right_value, 15)
    return f"{left} {compared.operator} {right}"


def _distance(compared: Compared, *, past: bool) -> str:
    if compared.flips_at is None:
        return ""
    if not compared.flips_at:
        return "equal" if past else "turns at any move"
    percent = "" if compared.flips_at_percent is None else f" ({compared.flips_at_percent:+,.3g} %)"
    sign = "+" if compared.flips_at > 0 else ""
    return f"{'apart' if past else 'turns at'} {sign}{figure(compared.flips_at, 5)}{percent}"


def _named_value(named: Named) -> tuple[str, str]:
    if named.condition is not None:
        return _WORDS[named.condition.truth], _STYLES[named.condition.truth]
    return figure(named.value), "" if named.value is not None else "yellow"
