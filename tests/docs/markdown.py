"""What a page of the documentation holds: fenced blocks, tables, and the code in their cells."""

from __future__ import annotations

import re


def blocks(page: str, language: str) -> list[str]:
    """Give the fenced blocks of a language."""
    return [
        text
        for named, text in re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        if named == language
    ]


def rows(page: str, head: str) -> list[list[str]]:
    """Give the rows of the table whose head begins with this word: their cells."""
    lines = page.split(f"\n| {head} |", 1)[1].split("\n")[2:]
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append(_cells(line))
    return found


def tables(page: str) -> list[list[str]]:
    """Give the rows of all tables, without their heads."""
    lines = page.split("\n")
    body = [n for n, line in enumerate(lines) if line.startswith("|") and not lines[n + 1].startswith("|---")]
    return [_cells(lines[n]) for n in body if not lines[n].startswith("|---")]


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def codes(cell: str) -> list[str]:
    """Give the pieces of code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def with_base(fragment: str) -> str:
    """Give a whole rule file: this part of one, and of a plain rule what it lacks."""
    base = {
        "name": "name: example",
        "market": "market: futures",
        "timeframe": "timeframe: 1h",
        "params": "params: {length: 14, fast: 12, slow: 26}",
        "long": "long: {enter: close > open, exit: close < open}",
        "short": "short: {enter: close < open}",
        "order": "order: {size: {percent: 25}}",
    }
    there = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    missing = [text for key, text in base.items() if key not in there]
    return "\n".join([*missing, fragment])
